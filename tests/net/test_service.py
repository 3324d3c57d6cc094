"""A long-running command's process: its log, its memory, its end."""

import signal
import subprocess
import sys

import pytest

from tests.support.processes import environment

SCRIPT = """
import logging, signal, threading
signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell has what it runs in the background ignore it
from reconciler.net.service import log_to_stderr, save_memory, wait_for_signal
log_to_stderr("info")
save_memory()
threading.Thread(target=threading.Event().wait, daemon=True).start()
logging.getLogger("agent.main").info("ready")
raise SystemExit(wait_for_signal())
"""


@pytest.mark.parametrize("wanted", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait_and_is_told(wanted: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.endswith("INFO agent.main: ready\n")
        assert line[:2] == "20", "it begins with the time"
        process.send_signal(signal.SIGWINCH)
        process.send_signal(wanted)
        # A signal that comes before the handlers are in place ends the process too, by itself.
        assert process.wait(30) in (wanted, -wanted)

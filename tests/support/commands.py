"""The project's own command inside the test's process: no interpreter to start, and the same words and output."""

import gc
import logging
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from click.testing import CliRunner

from agent.main import RunningAgent, start_agent
from api.serve import RunningManager, start_manager
from reconciler.cli.main import main
from reconciler.net.service import FORMAT
from tests.support.processes import environment


def command(*arguments: str, stdin: str | None = None, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run the `reconciler` command to its end; `extra` are environment variables."""
    wanted = environment(**extra)
    absent = dict.fromkeys(os.environ.keys() - wanted.keys())
    with _process_settings_kept():
        done = CliRunner().invoke(main, arguments, input=stdin, env=absent | wanted, prog_name="reconciler")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


class Threads:
    """`reconciler serve` or `reconciler agent` in threads of the test's process, until it is ended."""

    def __init__(self, arguments: Sequence[str], **extra: str) -> None:
        """Returns once it listens. Raises what the command would have told its user."""
        running: list[RunningManager | RunningAgent] = []
        with (
            _process_settings_kept(),
            patch.dict(os.environ, environment(**extra), clear=True),
            patch("api.serve.run_manager", lambda config: running.append(start_manager(config))),
            patch("agent.main.run_agent", lambda config: running.append(start_agent(config))),
        ):
            main.main([*arguments], prog_name="reconciler", standalone_mode=False)
        (self._running,) = running
        self.alive = True

    def terminate(self) -> int:
        """End it as SIGTERM would; its exit status."""
        self.alive = False
        self._running.close()
        return 0


@contextmanager
def _process_settings_kept() -> Iterator[None]:
    """The log's handlers and the collector are the test runner's, whatever a long-running command would set."""
    with patch.object(logging, "basicConfig"), patch.object(gc, "collect"), patch.object(gc, "freeze"):
        yield


@contextmanager
def log_in(path: Path) -> Iterator[None]:
    """Meanwhile everything that this process logs, INFO and above, goes into this file too."""
    root, handler = logging.getLogger(), logging.FileHandler(path)
    handler.setFormatter(logging.Formatter(FORMAT))
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()

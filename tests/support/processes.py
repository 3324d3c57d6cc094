"""Real child processes of the project's own command."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.waiting import PATIENCE

PROJECT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A TCP port of loopback that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def environment(**extra: str) -> dict[str, str]:
    """Our environment, without what would configure the command, and finding this checkout's packages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RECONCILER_")}
    return kept | {"PYTHONPATH": str(PROJECT), "NO_COLOR": "1", "COLUMNS": "160"} | extra


class Child:
    """A `reconciler` command that runs until it is ended; what it writes goes to `log`."""

    def __init__(self, arguments: Sequence[str], log: Path, within: Sequence[str] = (), **extra: str) -> None:
        """`within` are words that run a command somewhere else, as `ip netns exec NAME` does."""
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [*within, sys.executable, "-m", "reconciler.cli.main", *arguments],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=log.parent,
                env=environment(**extra),
            )

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL: it gets no chance to tidy up."""
        self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        """SIGTERM; its exit status."""
        if self.alive:
            self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Its exit status, once it has ended by itself."""
        return self.process.wait(PATIENCE)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Meanwhile it does nothing at all (SIGSTOP)."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def text(self) -> str:
        """All it has written so far."""
        return self.log.read_text(errors="replace")

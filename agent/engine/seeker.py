"""Finding the Docker Engine, now or later: a node may boot slower than its agent, or never have one.

While an Engine is expected but silent, nobody can tell what runs on this node. A report made then would say that
nothing does, and the manager would start it all elsewhere. So for a while the agent waits before it reports.
"""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from agent.runtime.contract import Runtime, RuntimeFailure

log = logging.getLogger(__name__)

RETRY_SECONDS = 10.0
GRACE_SECONDS = 30.0
"""How long an expected Engine may take before the node is reported without it."""

SOCKET = Path("/var/run/docker.sock")


class EngineSeeker:
    """Calls `connect` until it succeeds, every 10 s, and hands the runtime to `found`.

    `required` means that the node is nothing without an Engine: it is waited for without end.
    """

    def __init__(
        self,
        connect: Callable[[], Runtime],
        found: Callable[[Runtime], None],
        required: bool = False,
        expected: Callable[[], bool] | None = None,
    ) -> None:
        self._connect, self._found, self._required = connect, found, required
        self._expected = expected or engine_expected
        self._began = monotonic()
        self._silent = False
        self._done = threading.Event()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._seek, name="engine-seeker", daemon=True)

    def start(self) -> None:
        """Try once now, and when that fails go on in the background."""
        if not self._try():
            self._thread.start()

    def is_complete(self) -> bool:
        """Tell whether what runs on this node is known: the Engine is found, not expected, or long overdue."""
        if self._done.is_set():
            return True
        if self._required:
            return False
        return not self._expected() or monotonic() - self._began > GRACE_SECONDS

    def close(self) -> None:
        """Stop looking."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _seek(self) -> None:
        while not self._closing.wait(RETRY_SECONDS):
            if self._try():
                return

    def _try(self) -> bool:
        if not (self._required or self._expected()):
            self._complain("there is no Docker Engine on this node")
            return False
        try:
            runtime = self._connect()
        except RuntimeFailure as failure:
            self._complain(str(failure))
            return False
        except Exception:
            log.exception("looking for the Docker Engine ended unexpectedly")
            return False
        with self._lock:
            if self._closing.is_set():
                runtime.close()
                return True
            self._found(runtime)
        self._done.set()
        return True

    def _complain(self, reason: str) -> None:
        if not self._silent:
            rest = "it is needed here" if self._required else "until then only processes run here"
            log.warning("%s; trying again every %g s, %s", reason, RETRY_SECONDS, rest)
        self._silent = True


def engine_expected() -> bool:
    """Tell whether there is sign of an Engine that we may use: `DOCKER_HOST`, or a local socket open to us."""
    return bool(os.environ.get("DOCKER_HOST")) or os.access(SOCKET, os.R_OK | os.W_OK)

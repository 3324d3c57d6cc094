"""Commands beside host programs: run on the host as the program itself is, and ended with whoever reads them."""

import os
import selectors
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence

from agent.host.sessions import end_session
from agent.process.launch import MARK, environment, launch
from agent.process.record import InstanceFolder, Record
from agent.runtime.contract import (
    END_SECONDS,
    PIECE_BYTES_MAX,
    SILENCE,
    TICK_SECONDS,
    NotRunnable,
    Piece,
    RuntimeFailure,
)


class HostExecution:
    """A command with a program's environment, account and directory. Implements `agent.runtime.contract.Execution`.

    What it leaves running in its session is ended with it, for no instance's end would end it. `stays` says whether
    the instance is still there.
    """

    def __init__(
        self, folder: InstanceFolder, record: Record, command: Sequence[str], stays: Callable[[], bool]
    ) -> None:
        """Start it. Raises NotRunnable."""
        own = environment(folder, record)
        del own[MARK]  # or an agent that looks for the program after a crash would find the command
        component = record.deploy.component
        try:
            self._child = launch(component, folder, command, own, subprocess.PIPE, subprocess.PIPE)
        except FileNotFoundError as error:
            what = "program" if error.filename == command[0] else "directory"
            raise NotRunnable(f"there is no {what} '{error.filename}' on the node") from None
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise NotRunnable(f"'{command[0]}' can't be run on the node: {reason.lower()}") from None
        self._stays = stays
        self._ending = threading.Lock()

    def output(self) -> Iterator[Piece]:
        """Read what the command writes until it exits. Raises RuntimeFailure when its instance has gone."""
        exited = os.pidfd_open(self._child.pid)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(exited, selectors.EVENT_READ)
                selector.register(self._child.stdout, selectors.EVENT_READ, "stdout")  # type: ignore[arg-type]
                selector.register(self._child.stderr, selectors.EVENT_READ, "stderr")  # type: ignore[arg-type]
                while pieces := self._read(selector):
                    yield from pieces
                    if not self._stays():
                        raise RuntimeFailure("the instance has gone, and the command with it")
        finally:
            os.close(exited)
            self._child.stdout.close()  # type: ignore[union-attr]
            self._child.stderr.close()  # type: ignore[union-attr]

    def exit_code(self) -> int:
        """Return the exit code; 128 and the number of the signal for what a signal ended."""
        self.end()
        code = self._child.returncode
        return code if code >= 0 else 128 - code

    def end(self) -> bool:
        """End the command and its session; whether all of it has ended."""
        with self._ending:
            if self._child.returncode is None:
                left = end_session(self._child.pid, signal.SIGTERM, END_SECONDS)
                if self._child.pid in left:
                    return False
                self._child.wait()
        return True

    def _read(self, selector: selectors.BaseSelector) -> list[Piece]:
        """The next pieces, silence where there are none in time; nothing at all once it has exited and all is read."""
        ready = [key for key, _ in selector.select(TICK_SECONDS)]
        streams = [key for key in ready if key.data]
        if ready and not streams:
            return []
        pieces: list[Piece] = []
        for key in streams:
            data = os.read(key.fd, PIECE_BYTES_MAX)
            if data:
                pieces.append((key.data, data))
            else:
                selector.unregister(key.fileobj)
        return pieces or [SILENCE]

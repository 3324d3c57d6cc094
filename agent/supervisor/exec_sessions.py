"""Commands under way inside this node's instances: their output as frames, their time, their number.

A command lives as long as someone reads its output: when the reader leaves, the time is over or the agent ends, the
command is ended too, for nobody else would ever end it.
"""

import codecs
import threading
from collections.abc import Callable, Iterator
from time import monotonic

from agent.runtime.contract import Execution, RuntimeFailure
from agent.supervisor.inventories import Inventories
from reconciler.wire.exec_stream import COMMANDS_MAX
from reconciler.wire.streams import Exec, ExecFrame


class Frames:
    """The output of a command as frames, until its end or `seconds` from now. Who made it calls `close`."""

    def __init__(
        self, execution: Execution, seconds: float, closed: Callable[["Frames"], None], clock: Callable[[], float]
    ) -> None:
        self._execution = execution
        self._seconds = seconds
        self._clock = clock
        self._deadline = clock() + seconds
        self._closed = closed

    def __iter__(self) -> Iterator[ExecFrame]:
        """Yield the frames; the last one says how the command ended."""
        decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in ("", "stdout", "stderr")}
        yield ExecFrame()
        try:
            for stream, data in self._execution.output():
                yield ExecFrame(stream=stream, text=decoders[stream].decode(data))
                if self._clock() > self._deadline:
                    yield ExecFrame(error=self._late())
                    return
            yield ExecFrame(stream="stdout", text=decoders["stdout"].decode(b"", final=True))
            yield ExecFrame(stream="stderr", text=decoders["stderr"].decode(b"", final=True))
            yield ExecFrame(exit_code=self._execution.exit_code())
        except RuntimeFailure as failure:
            yield ExecFrame(error=str(failure))

    def close(self) -> None:
        """End the command if it still runs."""
        try:
            self._execution.end()
        finally:
            self._closed(self)

    def _late(self) -> str:
        ended = self._execution.end()
        then = "was ended" if ended else "may go on: its process can't be seen from this agent"
        return f"the command did not end in {self._seconds:g} s and {then}"


class ExecSessions:
    """The commands under way on this node, a bounded number of them. Safe to use from many threads."""

    def __init__(self, inventories: Inventories, clock: Callable[[], float] = monotonic) -> None:
        self._inventories = inventories
        self._clock = clock
        self._lock = threading.Lock()
        self._open: set[Frames] = set()
        self._starting = 0

    def start(self, exec_: Exec) -> Frames:
        """Start a command inside an instance, and return its output, which the caller closes.

        Raises UnknownInstance, NotRunning, NotRunnable, and RuntimeFailure when too many run already.
        """
        container = self._inventories.newest(exec_.key)
        with self._lock:
            if self._starting + len(self._open) >= COMMANDS_MAX:
                raise RuntimeFailure(f"{COMMANDS_MAX} commands run on this node already: wait until one has ended")
            self._starting += 1
        frames = None
        try:
            execution = self._inventories.of(container.runtime).runtime.exec(container.id, exec_.command)
            frames = Frames(execution, exec_.timeout, self._forget, self._clock)
        finally:
            with self._lock:
                self._starting -= 1
                if frames is not None:
                    self._open.add(frames)
        return frames

    def close(self) -> None:
        """End them all."""
        with self._lock:
            left = tuple(self._open)
        for frames in left:
            frames.close()

    def _forget(self, frames: Frames) -> None:
        with self._lock:
            self._open.discard(frames)

"""Commands under way inside this node's instances: their output as frames, their time, their number.

A command lives as long as someone reads its output: when the reader leaves, the time is over or the agent ends, the
command is ended too, for nobody else would ever end it.
"""

import codecs
import threading
import time
from collections.abc import Callable, Iterator

from agent.runtime.contract import Execution, RuntimeFailure
from reconciler.wire.exec_stream import COMMANDS_MAX
from reconciler.wire.messages import ExecFrame


class Frames:
    """The output of a command as frames, until its end or `seconds` from now. Who made it calls `close`."""

    def __init__(self, execution: Execution, seconds: float, closed: Callable[["Frames"], None]) -> None:
        self._execution = execution
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._closed = closed

    def __iter__(self) -> Iterator[ExecFrame]:
        """The frames; the last one says how the command ended."""
        decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in ("", "stdout", "stderr")}
        yield ExecFrame()
        try:
            for stream, data in self._execution.output():
                yield ExecFrame(stream=stream, text=decoders[stream].decode(data))
                if time.monotonic() > self._deadline:
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


class Executions:
    """The commands under way on this node, a bounded number of them. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[Frames] = set()
        self._starting = 0

    def start(self, begin: Callable[[], Execution], seconds: float) -> Frames:
        """Start a command with `begin`, for at most `seconds`. Raises RuntimeFailure when there are too many."""
        with self._lock:
            if self._starting + len(self._open) >= COMMANDS_MAX:
                raise RuntimeFailure(f"{COMMANDS_MAX} commands run on this node already: wait until one has ended")
            self._starting += 1
        frames = None
        try:
            frames = Frames(begin(), seconds, self._forget)
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

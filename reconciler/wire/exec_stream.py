"""Commands inside instances on the wire: what may be asked for, and the lines their output travels in.

A command's output has no bound, so it goes through every process in frames of a bounded size, one JSON object a line.
"""

from collections.abc import Iterable, Iterator, Sequence

from reconciler.wire.codec import MessageError, decode, encode
from reconciler.wire.streams import ExecFrame

COMMANDS_MAX = 4
"""Commands that a manager or an agent passes on at once: each holds a thread of its HTTP server."""

WORDS_MAX = 1000
COMMAND_BYTES_MAX = 128 * 1024
COMMAND_SECONDS_MAX = 3600.0
FRAME_BYTES_MAX = 512 * 1024
"""More than any frame of ours: 32 KiB of output, were each byte escaped."""


def check_exec(command: Sequence[str], seconds: float) -> None:
    """Refuse a command or a timeout beyond the limits, naming no word of it. Raises MessageError."""
    problem = ""
    if not command or not command[0]:
        problem = "command: must name a program first"
    elif len(command) > WORDS_MAX:
        problem = f"command: has {len(command)} words; at most {WORDS_MAX} are taken"
    elif sum(len(word.encode("utf-8", "surrogatepass")) for word in command) > COMMAND_BYTES_MAX:
        problem = f"command: is too long; at most {COMMAND_BYTES_MAX // 1024} KiB are taken"
    elif any("\0" in word for word in command):
        problem = "command: no word can hold a NUL character"
    elif not 0 < seconds <= COMMAND_SECONDS_MAX:
        problem = f"timeout: must be more than 0 and at most {COMMAND_SECONDS_MAX:g} seconds"
    if problem:
        raise MessageError(problem, readable=True)


def frame_line(frame: ExecFrame) -> bytes:
    """The frame as one line."""
    return encode(frame) + b"\n"


def read_frames(chunks: Iterable[bytes]) -> Iterator[ExecFrame]:
    """The frames in a stream, however it was cut. Raises MessageError at what is none, or is too large for one."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield decode(line, ExecFrame)
        if len(rest) > FRAME_BYTES_MAX:
            raise MessageError("a frame has no end", readable=False)
    if rest:
        raise MessageError("the last frame is cut off", readable=False)

"""What instances write, and commands inside them: messages that travel as lines."""

from typing import Literal

from reconciler.wire.messages import InstanceKey, Message


class LogLine(Message, frozen=True, kw_only=True):
    """A line of an instance's output; `at` is when it was written (ISO 8601), None where nobody noted it."""

    at: str | None = None
    text: str


class LogChunk(Message, frozen=True, kw_only=True):
    """Some of an instance's output, oldest first. `cursor` given back leads to what was written after it."""

    lines: tuple[LogLine, ...] = ()
    cursor: str = ""


class ExecRequest(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people ask for: run these words, without a shell, for at most `timeout` seconds."""

    command: tuple[str, ...]
    timeout: float = 60.0


class Exec(Message, frozen=True, kw_only=True):
    """`POST /api/exec`: run these words inside this instance. The reply is a stream of `ExecFrame`, one a line."""

    business_id: str
    component_id: str
    instance: int = 0
    command: tuple[str, ...]
    timeout: float = 60.0

    @property
    def key(self) -> InstanceKey:
        """The instance this is about."""
        return InstanceKey(self.business_id, self.component_id, self.instance)


class ExecFrame(Message, frozen=True, kw_only=True):
    """Some output of a command, or how it ended; an empty one only says that it goes on.

    `exit_code` is the command's own, 128 and more for a signal. `error` says why there is none: it could not be
    started, or was ended.
    """

    stream: Literal["", "stdout", "stderr"] = ""
    text: str = ""
    exit_code: int | None = None
    error: str = ""

    @property
    def is_last(self) -> bool:
        """Whether nothing follows."""
        return self.exit_code is not None or self.error != ""

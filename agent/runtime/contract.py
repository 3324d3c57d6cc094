"""What the supervisor needs of anything that can run a component: a few verbs, and instances as it sees them.

`agent.engine.runtime` (containers) and `agent.process.runtime` (host programs) are the two there are. A runtime has
no memory of its own that matters: what it made carries its labels, and `list` finds it again after a restart.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from reconciler.manifest.model import Component
from reconciler.wire.messages import Deploy, InstanceKey, Reservation, Status
from reconciler.wire.reports import Drift, NodeImage, Usage
from reconciler.wire.streams import LogChunk

LOG_BYTES_MAX = 1024 * 1024
"""The most output that one answer holds."""

TICK_SECONDS = 1.0
"""How long the output of a command is silent at most: so soon does each end of a stream learn that the other left."""

Piece = tuple[Literal["", "stdout", "stderr"], bytes]
"""Some output of a command, at most `PIECE_BYTES_MAX` of it, and which of its two streams it is of."""

PIECE_BYTES_MAX = 32 * 1024
SILENCE: Piece = ("", b"")
END_SECONDS = 2.0
"""How long a command that is ended has from SIGTERM to SIGKILL."""

ProgressCallback = Callable[[float | None, str], None]
"""Takes how far a download is: a share 0..1 (None when the size is unknown) and a line for people."""


class RuntimeFailure(Exception):
    """Something the runtime was asked for can't be had; the text is the reason, for the operator."""


class NotRunning(RuntimeFailure):
    """A command can't be run inside something that does not run now."""


class NotRunnable(RuntimeFailure):
    """A command can't be started where it was asked for: there is no such program, or it may not be run."""


@dataclass(frozen=True, slots=True)
class Running:
    """One thing this runtime made on this node: an instance's container or process, whatever became of it.

    `status` is starting, running, failed or stopped; `message` says why it failed.
    `ended` says that it does not run and that this runtime will not start it again by itself. `drift` is what somebody
    changed of it since it was made.
    """

    key: InstanceKey
    container_id: str
    digest: str
    version: int
    status: Status
    message: str = ""
    reservation: Reservation = Reservation()
    restart_count: int = 0
    started_at: float | None = None
    ended: bool = False
    singleton: bool = False
    drift: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeImages:
    """The images on this node, None while nobody knows, and the free MiB of the disk they are on, None likewise."""

    images: tuple[NodeImage, ...] | None = None
    disk_free_mb: int | None = None


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which lines of an output: those after `cursor`, or without one the last `tail`, none older than `since`.

    `since` is in seconds since the epoch; 0 is always.
    """

    tail: int = 100
    since: float = 0.0
    cursor: str = ""


class Execution(Protocol):
    """A command that was started inside an instance. `output` is read by one thread, `end` may come from any."""

    def output(self) -> Iterator[Piece]:
        """What it writes, as it comes, with an empty piece after each `TICK_SECONDS` of silence, until it ends.

        Raises RuntimeFailure when it can't be followed any more.
        """

    def exit_code(self) -> int:
        """How it ended, once `output` is over; 128 and the signal's number for one that a signal ended.

        Raises NotRunnable when it was never started, and RuntimeFailure when nobody knows.
        """

    def end(self) -> bool:
        """End the command if it still runs, and let go of it; whether it is known to have ended. May be repeated."""


class Runtime(Protocol):
    """All that the supervisor knows of a runtime, in one place: its verbs, and a way to hear of changes.

    Every method may be called from several threads at once.
    """

    def ensure_image(self, component: Component, progress: ProgressCallback) -> None:
        """Bring what the component runs from onto this node. Raises RuntimeFailure with the reason."""

    def create(self, deploy: Deploy, alongside: bool = False) -> str:
        """Create and start the instance's container, and return its id.

        A container that is made `alongside` an older one leaves that one alone and takes its place at `promote`.
        Raises RuntimeFailure, and then leaves nothing behind.
        """

    def holding_networks(self, deploy: Deploy) -> AbstractContextManager[None]:
        """Keep the networks that the instance needs while the context lasts, although nothing may be on them."""

    def promote(self, container_id: str, key: InstanceKey) -> None:
        """Put a container that was made alongside an older one, which is gone now, in that one's place."""

    def limit(self, container_id: str, deploy: Deploy) -> None:
        """Give a running container the deploy's limits and restart policy. Raises RuntimeFailure."""

    def stop(self, container_id: str, within: float | None = None) -> None:
        """End a container with its own stop signal and grace period, and remove it. Being gone already is success.

        `within` is the most seconds that this may take, whatever the grace period; None sets no other limit.
        Raises RuntimeFailure.
        """

    def list(self) -> list[Running]:
        """List everything this runtime made for this node, also what has ended. Raises RuntimeFailure."""

    def node_images(self) -> NodeImages:
        """Return which images are on the node and how much room for more, as far as known, at once."""

    def stats(self, container_ids: Iterable[str]) -> dict[str, Usage]:
        """Return what each of these containers uses now; those that can't be read are left out."""

    def logs(self, container_id: str, wanted: LogQuery) -> LogChunk:
        """Read some of a container's output, at most `LOG_BYTES_MAX` of it. Raises RuntimeFailure."""

    def exec(self, container_id: str, command: Sequence[str]) -> Execution:
        """Start a command inside a container, as its own user, with its environment and without input.

        Raises NotRunning, NotRunnable, and RuntimeFailure.
        """

    def watch(self, changed: Callable[[], None]) -> None:
        """Start calling `changed` soon after anything this runtime made changed by itself. Returns at once."""

    def close(self) -> None:
        """Stop watching and let go of connections. Ends no instance."""

"""Observed state: nodes and what runs on them, as last reported, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.wire.messages import InstanceKey, Reservation, Status
from reconciler.wire.reports import Drift, Gpu


class NodeHealth(StrEnum):
    """How lately a node was heard of: `ready`, `suspect` (gets nothing new) or `lost` (what can move, moves)."""

    READY = "ready"
    SUSPECT = "suspect"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Node:
    """A node as it last reported, and how long ago. CPU in cores, memory in MiB, `cpu_percent` of the whole node.

    `images` has the size in MiB of each image that it has, by full name; `disk_free_mb` is how much is free where they
    are kept, at least (None: it does not say). A `cordoned` one gets nothing new; a `draining` one gives away what it
    runs besides, at `drain_by` all that is left (None: it takes what it takes). One that was lost again and again gets
    nothing new before `flapping_until`. Times are in seconds since the epoch.
    """

    node_id: str
    cpu_cores: float
    memory_mb: int
    labels: dict[str, str] = field(default_factory=dict)
    gpus: tuple[Gpu, ...] = ()
    runtimes: tuple[str, ...] = ("docker",)
    cpu_percent: float = 0.0
    memory_used_mb: float = 0.0
    address: str = ""
    images: dict[str, int] = field(default_factory=dict)
    disk_free_mb: int | None = None
    last_seen: float = 0.0
    cordoned: bool = False
    draining: bool = False
    drain_by: float | None = None
    flapping_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Allocation:
    """One instance on one node, as reported, or as assigned and not reported yet (`confirmed` False).

    One instance may have several: while it moves, or when a lost node comes back. `ended` says that nothing
    on its node will start it again by itself. `since` is when the manager first saw it as it is (status, container,
    start), in seconds since the epoch. `failed_digest` is of a version that failed to replace it ("" for none). `drift`
    is what somebody changed of it on its node.
    """

    key: InstanceKey
    node_id: str
    status: Status
    digest: str
    version: int
    reservation: Reservation = Reservation()
    container_id: str | None = None
    confirmed: bool = True
    message: str = ""
    started_at: float | None = None
    ended: bool = False
    since: float = 0.0
    failed_digest: str = ""
    drift: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True)
class Vanished:
    """An instance of which nothing is left, though nobody was asked to end it: where it was, and in which version."""

    node_id: str
    digest: str


@dataclass(frozen=True, slots=True)
class Observed:
    """Observed state: the nodes by id, and every allocation of every instance on them.

    `heals` counts how often lately a field of an instance was set back. `vanished` has those without any allocation.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    allocations: tuple[Allocation, ...] = ()
    heals: Mapping[tuple[InstanceKey, str], int] = field(default_factory=dict)
    vanished: Mapping[InstanceKey, Vanished] = field(default_factory=dict)

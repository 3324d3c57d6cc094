"""The planner's input and output, as frozen values that print well and compare by value.

`Desired` and `Observed` come from the store; `Plan` goes to the dispatcher, the API and the CLI. Everything a
plan depends on is in its input, so the same input gives the same plan, byte for byte.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from reconciler.manifest.model import Business, Component
from reconciler.wire.messages import Drift, Gpu, InstanceKey, Promise, Status


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one version of a component: it was `good` everywhere, an operator `promoted` it, or `rejected`.

    A rejected one is not tried again: the version before it runs instead, for the `reason`.
    """

    word: Literal["good", "promoted", "rejected"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """The git commit that a spec comes from; `at` is when it was committed, in seconds since the epoch."""

    sha: str
    author: str = ""
    subject: str = ""
    at: float = 0.0

    @property
    def origin(self) -> str:
        """`commit abc1234 by Ann: Raise the limit`."""
        return f"commit {self.sha[:7]} by {self.author}: {self.subject}"


@dataclass(frozen=True, slots=True, weakref_slot=True)
class DesiredBusiness:
    """One accepted business: its spec, and whether it should run.

    `restarts` counts the restarts asked for; `source` says where the spec comes from, for people (`api`, or the
    file's path such as `desired/shop.yaml`); `revision` numbers the versions of the spec, from 1. `earlier` holds
    the specs of the last few revisions before this one, newest first: what may still run somewhere. `verdicts` are
    by component id and digest. `commit` is the one that brought this revision, where a git repository did. Of a
    `paused` one nothing is done. `pinned` is the revision that an operator went back to (None: none), and `quarantined`
    holds the content digests of what was gone back from: none of it is accepted.
    """

    business: Business
    stopped: bool = False
    restarts: int = 0
    source: str = "api"
    revision: int = 1
    earlier: tuple[Business, ...] = ()
    verdicts: dict[tuple[str, str], Verdict] = field(default_factory=dict)
    commit: Commit | None = None
    paused: bool = False
    pinned: int | None = None
    quarantined: frozenset[str] = frozenset()

    @property
    def self_heal(self) -> bool:
        """Whether what somebody changed on a node is set back; otherwise it is only shown."""
        return self.business.sync.self_heal is not False

    def verdict(self, component_id: str, digest: str) -> str:
        """The verdict on this version of a component, "" when there is none."""
        found = self.verdicts.get((component_id, digest))
        return found.word if found else ""


Stop = tuple[InstanceKey, str, str]
"""The stop of one copy: its instance, its node, and the digest it runs."""


@dataclass(frozen=True, slots=True)
class Desired:
    """Desired state: every accepted business, by its id.

    `removed` are the last specs of businesses that were removed, for as long as something of them may run. `approved`
    are stops that an operator lets pass though they are beyond a limit.
    """

    businesses: dict[str, DesiredBusiness] = field(default_factory=dict)
    removed: dict[str, Business] = field(default_factory=dict)
    approved: frozenset[Stop] = frozenset()

    def specs(self, business_id: str) -> tuple[Business, ...]:
        """What may run of a business: its spec and earlier ones, newest first; or the last one of a removed one."""
        entry = self.businesses.get(business_id)
        if entry is not None:
            return (entry.business, *entry.earlier)
        return (self.removed[business_id],) if business_id in self.removed else ()


class Liveness(StrEnum):
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
    nothing new before `unsteady_until`. Times are in seconds since the epoch.
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
    unsteady_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Copy:
    """One instance on one node, as reported, or as assigned and not reported yet (`confirmed` False).

    One instance may have several copies: while it moves, or when a lost node comes back. `ended` says that nothing
    on its node will start it again by itself. `since` is when the manager first saw it as it is (status, container,
    start), in seconds since the epoch. `failed_digest` is of a version that failed to replace it ("" for none). `drift`
    is what somebody changed of it on its node.
    """

    key: InstanceKey
    node_id: str
    status: Status
    digest: str
    version: int
    promise: Promise = Promise()
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
    """Observed state: the nodes by id, and every copy of every instance on them.

    `heals` counts how often lately a field of an instance was set back. `vanished` has instances without any copy.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    copies: tuple[Copy, ...] = ()
    heals: Mapping[tuple[InstanceKey, str], int] = field(default_factory=dict)
    vanished: Mapping[InstanceKey, Vanished] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one plan may end for good before an operator has to approve it.

    `stops` of instances, the `share` (0..1) of a business that stays, `nodes` touched, and `volumes`: stops of
    instances that hold some.
    """

    stops: int = 50
    share: float = 1.0
    nodes: int = 20
    volumes: int = 5


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers an operator may set: seconds of silence until a node is suspect, and until it is lost; limits.

    A field that was set back `freeze_after` times within an hour and differs again is left as it is.
    """

    suspect_after: float = 15.0
    lost_after: float = 60.0
    limits: Limits = Limits()
    freeze_after: int = 3


class Kind(StrEnum):
    """What an action does to one instance on one node."""

    CREATE = "create"
    UPDATE = "update"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a component that differs: its path, and its old and new value as short text, never a secret."""

    field: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Fetch:
    """The image that an action needs on its node, by its full name, and what getting it takes.

    `size_mb` is its unpacked size, None when no node has it to tell; a registry sends less. `present` says whether the
    node has it by this name, None when the node does not say which it has. `disk_free_mb` is what is free there, before
    it; `disk_suffices` is None when either number is unknown.
    """

    image: str
    size_mb: int | None = None
    present: bool | None = None
    disk_free_mb: int | None = None
    disk_suffices: bool | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One step of a plan: what happens to one instance on one node, and why.

    `component` and `digest` are what shall run (None and "" for a stop). `old_digest` is what runs now ("" for a
    create). `gpu_devices` are the devices promised. `changes` has what differs, field by field, for an update.
    `waits_for` names instances on the same node that must go (or shrink) before this one has its room. `held` says
    what else it waits for: something it depends on, or an operator ("" for nothing). A `live` update changes limits of
    what runs on.
    `fetch` is the image that has to be there before anything of it stops or starts; it is no part of the plan's hash.
    `exceeds` names the limits because of which it is held until it is approved.
    `heals` are the fields that it sets back as they were applied.
    """

    kind: Kind
    key: InstanceKey
    node_id: str
    reason: str
    component: Component | None = None
    digest: str = ""
    old_digest: str = ""
    gpu_devices: tuple[int, ...] = ()
    changes: tuple[Change, ...] = ()
    waits_for: tuple[InstanceKey, ...] = ()
    held: str = ""
    live: bool = False
    fetch: Fetch | None = None
    exceeds: tuple[str, ...] = ()
    heals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drifted:
    """What differs on a node and is left as it is: from what it is to what it should be, and why nothing is done."""

    key: InstanceKey
    node_id: str
    changes: tuple[Change, ...]
    why_left: str

    def __str__(self) -> str:
        """`memory_mb is 128, not 64: self_heal is off`."""
        found = ", ".join(f"{one.field} is {one.old or '(none)'}, not {one.new or '(none)'}" for one in self.changes)
        return f"{found}: {self.why_left}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nodes can't take an instance: how many nodes, and the reason they share; 0 where it is about no node."""

    nodes: int
    reason: str

    def __str__(self) -> str:
        """`3 nodes: memory: needs 4096 MB, at most 2048 free`."""
        if not self.nodes:
            return self.reason
        return f"{self.nodes} {'node' if self.nodes == 1 else 'nodes'}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Pending:
    """An instance that has no place now, with the reason of every group of nodes ("no nodes" when there is none)."""

    key: InstanceKey
    refusals: tuple[Refusal, ...]

    @property
    def reason(self) -> str:
        """The refusals on one line."""
        return "; ".join(map(str, self.refusals)) or "no node has registered"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that the plan could not know: `what`, of which node ("" where it is of none), and since when.

    `instances` are those it matters to. `since` is in seconds since the epoch, None where there is no such time.
    """

    node_id: str
    what: str
    since: float | None = None
    instances: tuple[InstanceKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What closes the gap: actions in order (stops, then updates, then creates, each by key) and what waits.

    `placements` has the node of every desired instance that has one, whether or not it needs an action. `verdicts` are
    new ones, by business id, component id and digest, which the next plan is to know of. `look_again` is when (seconds
    since the epoch) time alone changes the plan, None for never. `unknowns` is what it could not know.
    `drifted` is what differs on nodes and is left so.
    """

    actions: tuple[Action, ...] = ()
    pending: tuple[Pending, ...] = ()
    placements: dict[InstanceKey, str] = field(default_factory=dict)
    verdicts: dict[tuple[str, str, str], Verdict] = field(default_factory=dict)
    look_again: float | None = None
    unknowns: tuple[Unknown, ...] = ()
    drifted: tuple[Drifted, ...] = ()

    @property
    def instances(self) -> list[InstanceKey]:
        """Every instance that should run, sorted."""
        waiting = (pending.key for pending in self.pending if pending.key not in self.placements)
        # What has a place is sorted already, which makes this quick.
        return sorted([*self.placements, *dict.fromkeys(waiting)])

    def interrupts(self, action: Action) -> bool:
        """Whether an instance that is wanted does not serve for a while: what runs ends before its successor does."""
        if action.kind is Kind.UPDATE:
            stops_first = action.component is not None and action.component.update.order == "stop-first"
            return stops_first and not action.live
        moves = action.kind is Kind.STOP and action.key in self.placements
        return (
            moves
            and not action.held
            and any(other.key == action.key and other.kind is Kind.CREATE for other in self.actions)
        )

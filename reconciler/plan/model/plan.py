"""A plan: actions in order, placements, and what has no place, as frozen values that print well."""

from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.manifest.model import Component
from reconciler.plan.model.desired import VersionResult
from reconciler.plan.model.obstacles import NoNodes
from reconciler.plan.model.reasons import Reason
from reconciler.wire.messages import AllocationId, InstanceKey


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
    create). `gpu_devices` are the devices reserved. `changes` has what differs, field by field, for an update.
    `waits_for` names instances on the same node that must go (or shrink) before this one has its room. `blocked_by` is
    what else it waits for: something it depends on, or an operator (None for nothing). A `live` update changes limits
    of what runs on.
    `fetch` is the image that has to be there before anything of it stops or starts; it is no part of the plan's hash.
    `exceeds` names the limits because of which it is blocked until it is approved.
    `heals` are the fields that it sets back as they were applied.
    """

    kind: Kind
    key: InstanceKey
    node_id: str
    reason: Reason
    component: Component | None = None
    digest: str = ""
    old_digest: str = ""
    gpu_devices: tuple[int, ...] = ()
    changes: tuple[Change, ...] = ()
    waits_for: tuple[InstanceKey, ...] = ()
    blocked_by: Reason | None = None
    live: bool = False
    fetch: Fetch | None = None
    exceeds: tuple[str, ...] = ()
    heals: tuple[str, ...] = ()

    @property
    def allocation_id(self) -> AllocationId:
        """The instance and the node: no two actions of a plan share both."""
        return self.key, self.node_id


@dataclass(frozen=True, slots=True)
class Drifted:
    """What differs on a node and is left as it is: from what it is to what it should be, and why nothing is done."""

    key: InstanceKey
    node_id: str
    changes: tuple[Change, ...]
    why_left: Reason

    def __str__(self) -> str:
        """`memory_mb is 128, not 64: self_heal is off`."""
        found = ", ".join(f"{one.field} is {one.old or '(none)'}, not {one.new or '(none)'}" for one in self.changes)
        return f"{found}: {self.why_left}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nodes can't take an instance: how many nodes, and the reason they share; 0 where it is about no node."""

    nodes: int
    reason: Reason

    def __str__(self) -> str:
        """`3 nodes: memory: needs 4096 MB, at most 2048 free`."""
        if not self.nodes:
            return str(self.reason)
        return f"{self.nodes} {'node' if self.nodes == 1 else 'nodes'}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Pending:
    """An instance that has no place now, with the reason of every group of nodes ("no nodes" when there is none)."""

    key: InstanceKey
    refusals: tuple[Refusal, ...]

    @property
    def reason(self) -> Reason:
        """The first of the refusals, the one of most nodes."""
        return self.refusals[0].reason if self.refusals else NoNodes()

    def __str__(self) -> str:
        """The refusals on one line."""
        return "; ".join(map(str, self.refusals)) or str(self.reason)


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

    `placements` has the node of every desired instance that has one, whether or not it needs an action.
    `version_results` are new ones, by business id, component id and digest, which the next plan is to know of.
    `look_again` is the next time (seconds since the epoch) at which the plan changes although nothing else happens,
    None for never. `unknowns` is what it could not know. `drifted` is what differs on nodes and is left so.
    """

    actions: tuple[Action, ...] = ()
    pending: tuple[Pending, ...] = ()
    placements: dict[InstanceKey, str] = field(default_factory=dict)
    version_results: dict[tuple[str, str, str], VersionResult] = field(default_factory=dict)
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
            and action.blocked_by is None
            and any(other.key == action.key and other.kind is Kind.CREATE for other in self.actions)
        )

"""Why something is done: the reason of an action, as a value with fields.

Each reason has a `code`, for programs, and a text, for people: `str(reason)`. Both stand here, beside the fields that
they are made of, and nowhere else: who decides by a reason looks at its type and its fields, never at its text. What
an action waits for is in `reconciler.plan.model.blockers`, why a node is refused in `reconciler.plan.model.obstacles`.
"""

from dataclasses import dataclass
from typing import ClassVar

from reconciler.plan.model.observed import NodeHealth


class Reason:
    """Why something is done, waits or is refused. `code` tells the kinds apart, for programs."""

    __slots__ = ()
    code: ClassVar[str]


@dataclass(frozen=True, slots=True)
class NotRunning(Reason):
    """Nothing runs of the instance yet."""

    code: ClassVar[str] = "not_running"

    def __str__(self) -> str:
        return "not running yet"


@dataclass(frozen=True, slots=True)
class RemovedByHand(Reason):
    """Somebody removed the instance from this node."""

    node_id: str
    code: ClassVar[str] = "removed_by_hand"

    def __str__(self) -> str:
        return f"was removed on {self.node_id}"


@dataclass(frozen=True, slots=True)
class NodeSilent(Reason):
    """The node is lost, or suspect and was not yet seen to run the instance."""

    node_id: str
    health: NodeHealth
    code: ClassVar[str] = "node_silent"

    def __str__(self) -> str:
        return f"node {self.node_id} is {self.health}"


@dataclass(frozen=True, slots=True)
class AffinityUnmet(Reason):
    """The node no longer has what the component's affinity asks for."""

    node_id: str
    code: ClassVar[str] = "affinity_unmet"

    def __str__(self) -> str:
        return f"node {self.node_id} no longer meets its affinity"


@dataclass(frozen=True, slots=True)
class NodeDrained(Reason):
    """The node gives away what it runs; once it is `overdue`, without waiting for a successor."""

    node_id: str
    overdue: bool = False
    code: ClassVar[str] = "node_drained"

    def __str__(self) -> str:
        return f"node {self.node_id} is draining" + (" and its deadline has passed" if self.overdue else "")


@dataclass(frozen=True, slots=True)
class NoRoomInPlace(Reason):
    """The node can't take the new version in place of the old one, or `beside` it."""

    node_id: str
    beside: bool = False
    code: ClassVar[str] = "no_room_in_place"

    def __str__(self) -> str:
        beside = " beside the old one" if self.beside else ""
        return f"node {self.node_id} has no room for the new version{beside}"


@dataclass(frozen=True, slots=True)
class Moves(Reason):
    """The instance is to run on node `to` instead, and why."""

    to: str
    why: Reason
    code: ClassVar[str] = "moves"

    def __str__(self) -> str:
        return f"moves to {self.to}: {self.why}"


@dataclass(frozen=True, slots=True)
class Surplus(Reason):
    """Another allocation of the instance, on node `runs_on`, is the one to keep."""

    runs_on: str
    code: ClassVar[str] = "surplus"

    def __str__(self) -> str:
        return f"surplus: runs on {self.runs_on}"


@dataclass(frozen=True, slots=True)
class Failed(Reason):
    """The instance failed before it had a container; `message` is its agent's."""

    message: str
    code: ClassVar[str] = "failed"

    def __str__(self) -> str:
        return f"failed: {self.message}"


@dataclass(frozen=True, slots=True)
class Ended(Reason):
    """The instance has ended though it should run; `message` is its agent's."""

    message: str
    code: ClassVar[str] = "ended"

    def __str__(self) -> str:
        return f"has ended: {self.message}"


@dataclass(frozen=True, slots=True)
class SpecChanged(Reason):
    """The spec asks for another version."""

    code: ClassVar[str] = "spec_changed"

    def __str__(self) -> str:
        return "spec changed"


@dataclass(frozen=True, slots=True)
class ReferenceMoved(Reason):
    """What a `${...}` of the component stands for has changed; unless `only` that, the spec may have changed too."""

    only: bool = True
    code: ClassVar[str] = "reference_moved"

    def __str__(self) -> str:
        return "what it refers to has moved" if self.only else "spec changed, or what it refers to has moved"


@dataclass(frozen=True, slots=True)
class RestartAsked(Reason):
    """Somebody asked for a restart of the business."""

    code: ClassVar[str] = "restart_asked"

    def __str__(self) -> str:
        return "restart asked for"


@dataclass(frozen=True, slots=True)
class UnknownVersion(Reason):
    """What runs is of no version that is known."""

    code: ClassVar[str] = "unknown_version"

    def __str__(self) -> str:
        return "runs a version that no kept revision has"


@dataclass(frozen=True, slots=True)
class RolledBack(Reason):
    """The version of the spec failed, with the agent's `message`; the one before it is to run."""

    message: str
    code: ClassVar[str] = "rolled_back"

    def __str__(self) -> str:
        return f"rolled back, as the new version failed: {self.message}"


@dataclass(frozen=True, slots=True)
class Deviates(Reason):
    """What runs is in the wanted version and has other limits, as the spec changed them, or was changed by hand."""

    limits: bool
    by_hand: bool
    code: ClassVar[str] = "deviates"

    def __str__(self) -> str:
        parts = ("limits changed" if self.limits else "", "drift: changed on the node" if self.by_hand else "")
        return "; ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class BusinessRemoved(Reason):
    """The business is no longer in the desired state."""

    business_id: str
    code: ClassVar[str] = "business_removed"

    def __str__(self) -> str:
        return f"business {self.business_id} is not in the desired state"


@dataclass(frozen=True, slots=True)
class BusinessStopped(Reason):
    """Somebody stopped the business."""

    business_id: str
    code: ClassVar[str] = "business_stopped"

    def __str__(self) -> str:
        return f"business {self.business_id} is stopped"


@dataclass(frozen=True, slots=True)
class ComponentRemoved(Reason):
    """The spec no longer has the component."""

    component_id: str
    code: ClassVar[str] = "component_removed"

    def __str__(self) -> str:
        return f"component {self.component_id} is no longer in the spec"


@dataclass(frozen=True, slots=True)
class ScaledDown(Reason):
    """The spec asks for fewer instances."""

    replicas: int
    code: ClassVar[str] = "scaled_down"

    def __str__(self) -> str:
        return f"replicas is {self.replicas}"


@dataclass(frozen=True, slots=True)
class NodeExcluded(Reason):
    """A global component is to have no instance on the node."""

    node_id: str
    code: ClassVar[str] = "node_excluded"

    def __str__(self) -> str:
        return f"node {self.node_id} is to have none"


NOT_RUNNING = NotRunning()

STOPS = (
    *(Moves, Surplus, NodeDrained),
    *(BusinessRemoved, BusinessStopped, ComponentRemoved, ScaledDown, NodeExcluded),
)
"""The kinds of reasons for which an allocation is stopped: its placement or its desired state (rule of behaviour 4)."""

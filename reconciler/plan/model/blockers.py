"""What an action waits for (`Action.blocked_by`), as values with fields; texts and codes as in `model.reasons`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reconciler.plan.model.reasons import Reason
from reconciler.wire.messages import InstanceKey

NAMED = 3
"""So many of the instances that an action waits for are named in its text."""

CONDITIONS = {
    "service_started": "has started",
    "service_healthy": "is healthy",
    "service_completed_successfully": "has completed",
}


def _local(key: InstanceKey) -> str:
    """`web/0`: the instance, for those who know its business."""
    return f"{key.component_id}/{key.instance}"


def _names(keys: Sequence[InstanceKey]) -> str:
    return ", ".join(map(_local, keys[:NAMED]))


@dataclass(frozen=True, slots=True)
class Paused(Reason):
    """An operator paused the business."""

    business_id: str
    code: ClassVar[str] = "paused"

    def __str__(self) -> str:
        return f"paused: 'reconciler resume {self.business_id}' goes on"


@dataclass(frozen=True, slots=True)
class DependencyNotReady(Reason):
    """An instance that it depends on is not as far as the `condition` of `depends_on` asks."""

    needed: InstanceKey
    condition: str
    code: ClassVar[str] = "dependency_not_ready"

    def __str__(self) -> str:
        return f"waits until {_local(self.needed)} {CONDITIONS[self.condition]}"


@dataclass(frozen=True, slots=True)
class StillUsed(Reason):
    """An instance of the business that depends on it has to stop first."""

    user: InstanceKey
    code: ClassVar[str] = "still_used"

    def __str__(self) -> str:
        return f"waits until {_local(self.user)} has stopped"


@dataclass(frozen=True, slots=True)
class StillUsedByBusiness(Reason):
    """An instance of another business that depends on this one has to stop first."""

    user: InstanceKey
    code: ClassVar[str] = "still_used_by_business"

    def __str__(self) -> str:
        return f"waits until {self.user} has stopped"


@dataclass(frozen=True, slots=True)
class BusinessMissing(Reason):
    """The business that it needs is not in the desired state."""

    business_id: str
    code: ClassVar[str] = "business_missing"

    def __str__(self) -> str:
        return f"waits for business {self.business_id}, which there is not: deploy it too"


@dataclass(frozen=True, slots=True)
class NeededBusinessStopped(Reason):
    """The business that it needs is stopped."""

    business_id: str
    code: ClassVar[str] = "needed_business_stopped"

    def __str__(self) -> str:
        return f"waits until business {self.business_id} runs, which is stopped"


@dataclass(frozen=True, slots=True)
class BusinessNotRunning(Reason):
    """An instance of the business that it needs does not run as it is wanted."""

    needed: InstanceKey
    code: ClassVar[str] = "business_not_running"

    def __str__(self) -> str:
        return f"waits until business {self.needed.business_id} runs: {_local(self.needed)} does not yet"


@dataclass(frozen=True, slots=True)
class SuccessorNotRunning(Reason):
    """The instance has to run on node `to` first: what serves goes on serving (rule of behaviour 11)."""

    to: str
    code: ClassVar[str] = "successor_not_running"

    def __str__(self) -> str:
        return f"waits until it runs on {self.to}"


@dataclass(frozen=True, slots=True)
class SuccessorNotReady(Reason):
    """Node `to` has to have what it takes to start the instance first (rule of behaviour 11)."""

    to: str
    code: ClassVar[str] = "successor_not_ready"

    def __str__(self) -> str:
        return f"waits until {self.to} is about to start it"


@dataclass(frozen=True, slots=True)
class SingletonElsewhere(Reason):
    """The singleton may still run on another node."""

    node_id: str
    code: ClassVar[str] = "singleton_elsewhere"

    def __str__(self) -> str:
        return f"waits until {self.node_id} has ended it"


@dataclass(frozen=True, slots=True)
class CanaryFirst(Reason):
    """The first `canaries` of all `instances` have the new version, and the others wait for an operator."""

    business_id: str
    component_id: str
    canaries: int
    instances: int
    code: ClassVar[str] = "canary_first"

    def __str__(self) -> str:
        name = f"{self.business_id}/{self.component_id}"
        return f"waits for `reconciler promote {name}`: {self.canaries} of {self.instances} go first"


@dataclass(frozen=True, slots=True)
class RolloutPaced(Reason):
    """Instances `before` it are between two versions, `at_once` at a time.

    `run_for` is for how many seconds they have to run, where that is all that is left to wait for (0: it is not).
    """

    before: tuple[InstanceKey, ...]
    at_once: int
    run_for: float = 0.0
    code: ClassVar[str] = "rollout_paced"

    def __str__(self) -> str:
        one = len(self.before) == 1
        verb = "runs" if one else "run"
        if self.run_for:
            verb = f"{'has' if one else 'have'} run for {self.run_for:g} s"
        return f"waits until {_names(self.before)} {verb}: {self.at_once} at a time"


@dataclass(frozen=True, slots=True)
class DrainPaced(Reason):
    """Instances `before` it leave draining nodes, `at_once` at a time."""

    before: tuple[InstanceKey, ...]
    at_once: int
    code: ClassVar[str] = "drain_paced"

    def __str__(self) -> str:
        verb = "runs" if len(self.before) == 1 else "run"
        return f"waits until {_names(self.before)} {verb} elsewhere: {self.at_once} at a time"


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit of the blast radius that a plan exceeds: its name (`stops`), and by how much, for people."""

    limit: str
    text: str


@dataclass(frozen=True, slots=True)
class ApprovalNeeded(Reason):
    """The plan ends more than its limits allow, until an operator approves it."""

    exceeded: tuple[Exceeded, ...]
    code: ClassVar[str] = "approval_needed"

    @property
    def limits(self) -> str:
        """`3 stops are more than the 2 that one plan may do`."""
        return "; ".join(one.text for one in self.exceeded)

    def __str__(self) -> str:
        return f"waits for `reconciler approve`: {self.limits}"


FOR_A_PERSON = (Paused, CanaryFirst, ApprovalNeeded, BusinessMissing, NeededBusinessStopped)
"""The kinds of waits that end only when somebody says so."""

FOR_ANOTHER = (DependencyNotReady, BusinessNotRunning)
"""The kinds of waits that end only when another instance runs, which may never be."""

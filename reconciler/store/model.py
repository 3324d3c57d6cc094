"""What the store takes and gives beside the planner's own types. Times are seconds since the epoch."""

from dataclasses import dataclass, field

from reconciler.manifest.model import Business
from reconciler.plan.model.desired import API, Commit


class StoreError(Exception):
    """The database can't be opened, read or written; the text says why, and what to do, for people."""


class UnknownNode(Exception):
    """Something is about a node that never registered, or was forgotten."""

    def __init__(self, node_id: str) -> None:
        self.node_id = node_id
        super().__init__(f"node {node_id!r} is not registered; its agent has to send a full report first")


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a spec: the number of the revision that holds, and whether it is a new one."""

    revision: int
    changed: bool


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """What a batch did: every accepted business by id, and the ids that were removed."""

    accepted: dict[str, Accepted] = field(default_factory=dict)
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Revision:
    """One kept version of a business's spec: `who` gave it, from which `source`, `at` what time.

    `digest` is the sha256 of the spec's canonical JSON: equal digests, equal specs. `commit` brought it, if one did, or
    an `operation` on the business ("" for none): `rollback to revision 1`.
    """

    number: int
    business: Business
    source: str
    who: str
    at: float
    digest: str
    commit: Commit | None = None
    operation: str = ""

    @property
    def origin(self) -> str:
        """Where it comes from, for people: `commit abc1234 by Ann: Raise the limit`, `api 127.0.0.1: revision 4`."""
        if self.commit is not None:
            return self.commit.origin
        if self.operation:
            return f"{self.who}: {self.operation}"
        return f"{self.who if self.source == API else self.source}: revision {self.number}"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for people. `id` is given by the store: later events have greater ones.

    `cause` is what led to it (a commit, a call, a report), and `plan_hash` the plan that it is of ("" for none).
    """

    at: float
    kind: str
    message: str
    business_id: str | None = None
    component_id: str | None = None
    instance: int | None = None
    node_id: str | None = None
    id: int = 0
    cause: str = ""
    plan_hash: str = ""


@dataclass(frozen=True, slots=True)
class BusinessRow:
    """The derived status of a business."""

    business_id: str
    status: str


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """The derived status of a component, and where (its first instance) runs."""

    business_id: str
    component_id: str
    status: str
    node_id: str | None = None
    container_id: str | None = None
    started_at: float | None = None

"""Desired state: every accepted business, its versions and what became of them, as frozen values."""

from dataclasses import dataclass, field
from typing import Literal

from reconciler.manifest.model import Business
from reconciler.wire.messages import InstanceKey

API = "api"
"""The source of businesses that came over REST, and from no file."""


@dataclass(frozen=True, slots=True)
class VersionResult:
    """What became of one version of a component: it was `good` everywhere, an operator `promoted` it, or `rejected`.

    A rejected one is not tried again: the version before it runs instead, for the `reason`.
    """

    outcome: Literal["good", "promoted", "rejected"]
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
    the specs of the last few revisions before this one, newest first: what may still run somewhere. `version_results`
    are by component id and digest. `commit` is the one that brought this revision, where a git repository did. Of a
    `paused` one nothing is done. `pinned` is the revision that an operator went back to (None: none), and `quarantined`
    holds the content digests of what was gone back from: none of it is accepted.
    """

    business: Business
    stopped: bool = False
    restarts: int = 0
    source: str = API
    revision: int = 1
    earlier: tuple[Business, ...] = ()
    version_results: dict[tuple[str, str], VersionResult] = field(default_factory=dict)
    commit: Commit | None = None
    paused: bool = False
    pinned: int | None = None
    quarantined: frozenset[str] = frozenset()

    @property
    def self_heal(self) -> bool:
        """Whether what somebody changed on a node is set back; otherwise it is only shown."""
        return self.business.sync.self_heal is not False

    def outcome(self, component_id: str, digest: str) -> str:
        """What became of this version of a component, "" when that is not known."""
        found = self.version_results.get((component_id, digest))
        return found.outcome if found else ""


Stop = tuple[InstanceKey, str, str]
"""The stop of one allocation: its instance, its node, and the digest it runs."""


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

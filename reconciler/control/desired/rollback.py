"""Going back to an earlier revision: which one is meant, and what must not come back by itself afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.control.errors import Conflict, UnknownRevision
from reconciler.manifest.content import content_digest
from reconciler.manifest.model import Business
from reconciler.plan.model.desired import DesiredBusiness
from reconciler.source.deferral import is_quarantined
from reconciler.store.model import Revision

QUARANTINED_MAX = 500
"""So many contents are remembered as gone back from; beyond, only those that kept revisions have."""


@dataclass(frozen=True, slots=True)
class RollbackTarget:
    """The revision to go back to, and the content digests of what is not accepted from then on."""

    revision: Revision
    quarantined: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rollback:
    """What going back did: to which revision, and the number of the new one that says the same."""

    target: int
    revision: int


def rollback_target(entry: DesiredBusiness, revisions: Sequence[Revision], number: int | None) -> RollbackTarget:
    """Choose the revision to go back to; without a number, the newest that differs and was not gone back from.

    `revisions` are those of the business, newest first. Raises UnknownRevision, and Conflict when nothing would change.
    """
    present = content_digest(entry.business)
    digests = {revision.number: content_digest(revision.business) for revision in revisions}
    if number is None:
        avoided = entry.quarantined | {present}
        target = next((revision for revision in revisions if digests[revision.number] not in avoided), None)
        if target is None:
            name = entry.business.business_id
            raise Conflict(f"there is nothing to go back to: no kept revision of {name} differs ({numbers(revisions)})")
    else:
        target = revision_of(entry.business.business_id, revisions, number)
    good = digests[target.number]
    if good == present:
        raise Conflict(f"revision {target.number} says what holds already: nothing to go back from")
    newer = {digests[revision.number] for revision in revisions if revision.number > target.number}
    quarantined = (entry.quarantined | newer | {present}) - {good}
    if len(quarantined) > QUARANTINED_MAX:
        quarantined &= frozenset(digests.values())
    return RollbackTarget(target, quarantined)


def refuse_quarantined(known: DesiredBusiness, business: Business) -> None:
    """Raise Conflict when an operator went back from this content."""
    if is_quarantined(known, business):
        raise Conflict(
            f"this very content of '{business.business_id}' was rolled back: change it, or accept it all the same "
            f"after 'reconciler unpin {business.business_id}'"
        )


def revision_of(business_id: str, revisions: Sequence[Revision], number: int) -> Revision:
    """Find the revision of this number. Raises UnknownRevision, which says what there is."""
    for revision in revisions:
        if revision.number == number:
            return revision
    raise UnknownRevision(f"{business_id} has no kept revision {number}: {numbers(revisions)}")


def numbers(revisions: Sequence[Revision]) -> str:
    """Say which revisions there are: `kept are 3 to 7`."""
    if not revisions:
        return "none is kept"
    first, last = revisions[-1].number, revisions[0].number
    return f"kept is {last}" if first == last else f"kept are {first} to {last}"

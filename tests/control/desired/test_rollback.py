"""Which revision going back means, and what it keeps from coming back."""

import pytest

from reconciler.control.desired.rollback import rollback_target
from reconciler.control.errors import Conflict, UnknownRevision
from reconciler.manifest.content import content_digest
from reconciler.plan.model.desired import DesiredBusiness
from reconciler.store.model import Revision
from tests.store.making import business


def kept(*images: str, first: int = 1) -> list[Revision]:
    """Revisions of the shop with these images, oldest first; as the store gives them."""
    made = [
        Revision(number, business(image=image), "desired/shop.yaml", "directory", 1.0, image)
        for number, image in enumerate(images, first)
    ]
    return made[::-1]


def entry(revisions: list[Revision], *quarantined: str) -> DesiredBusiness:
    return DesiredBusiness(revisions[0].business, quarantined=digests(*quarantined))


def digests(*images: str) -> frozenset[str]:
    return frozenset(content_digest(business(image=image)) for image in images)


@pytest.mark.parametrize(
    ("images", "quarantined", "asked", "target", "kept_out"),
    [
        (("a", "b"), (), None, 1, ("b",)),
        (("a", "b", "b"), (), None, 1, ("b",)),
        (("a", "b", "a", "c"), ("b",), None, 3, ("b", "c")),
        (("a", "b", "c", "d"), (), 2, 2, ("c", "d")),
        (("a", "b", "a", "c"), (), 1, 1, ("b", "c")),
        (("a", "b", "a"), ("b",), 2, 2, ("a",)),
    ],
)
def test_rollback_target(
    images: tuple[str, ...], quarantined: tuple[str, ...], asked: int | None, target: int, kept_out: tuple[str, ...]
) -> None:
    revisions = kept(*images)
    back = rollback_target(entry(revisions, *quarantined), revisions, asked)
    assert (back.revision.number, back.quarantined) == (target, digests(*kept_out))


def test_there_may_be_nothing_to_go_back_to() -> None:
    only = kept("a", "a")
    with pytest.raises(Conflict, match=r"no kept revision of shop differs \(kept are 1 to 2\)"):
        rollback_target(entry(only), only, None)
    with pytest.raises(Conflict, match="revision 1 says what holds already"):
        rollback_target(entry(only), only, 1)
    back = kept("a", "b", "a")
    with pytest.raises(Conflict, match="nothing to go back to"):
        rollback_target(entry(back, "b"), back, None)


def test_an_unknown_revision_is_answered_with_those_there_are() -> None:
    later = kept("a", "b", "c", first=7)
    with pytest.raises(UnknownRevision, match="shop has no kept revision 3: kept are 7 to 9"):
        rollback_target(entry(later), later, 3)

"""What a reading means: removal needs certainty, and the API's businesses are not the directory's."""

from dataclasses import replace

import pytest

from reconciler.manifest.content import content_digest
from reconciler.manifest.model import Business, Component
from reconciler.plan.model.desired import DesiredBusiness
from reconciler.source.decide import Decision
from reconciler.source.decide import decide as decide_all
from reconciler.source.deferral import Asked
from reconciler.source.files import Declared, SourceReading


def shop(name: str, image: str = "nginx:1") -> Business:
    component = Component(component_id="web", component_name="web", image_name=image)
    return Business(business_id=name, business_name=name, components=(component,))


def known(*names: str, source: str = "desired/{}.yaml") -> dict[str, DesiredBusiness]:
    return {name: DesiredBusiness(shop(name), source=source.format(name)) for name in names}


def reading(*names: str, source: str = "desired", **more: object) -> SourceReading:
    return SourceReading(source, {name: Declared(shop(name), f"{source}/{name}.yaml") for name in names}, **more)  # type: ignore[arg-type]


def decide(read: SourceReading, businesses: dict[str, DesiredBusiness], confirmed: bool = False) -> Decision:
    """The decision about the only source."""
    return decide_all([read], businesses, Asked(0.0, prune=confirmed))[read.name]


def test_new_changed_and_unchanged() -> None:
    read = reading("a", "b", "c")
    changed = Declared(shop("b", "nginx:2"), "desired/b.yaml")
    decision = decide(replace(read, declared={**read.declared, "b": changed}), known("a", "b"))
    assert [entry.business.business_id for entry in decision.accept] == ["b", "c"]
    assert decision.unchanged == 1
    assert not decision.remove


def test_a_business_that_moved_to_another_file_is_accepted_from_there() -> None:
    declared = SourceReading("desired", {"a": Declared(shop("a"), "desired/other.yaml")})
    assert [entry.file for entry in decide(declared, known("a")).accept] == ["desired/other.yaml"]


def test_a_deleted_file_removes_its_business() -> None:
    assert decide(reading("a", "b"), known("a", "b", "c")).remove == ("c",)


@pytest.mark.parametrize("confirmed", [False, True])
def test_an_unreadable_directory_never_removes(confirmed: bool) -> None:
    decision = decide(
        SourceReading("desired", unreadable="desired: No such file or directory"), known("a", "b"), confirmed
    )
    assert not decision.remove
    assert "No such file or directory" in decision.prune_blocked


def test_an_empty_directory_removes_only_when_confirmed() -> None:
    held = decide(reading(), known("a", "b"))
    assert not held.remove
    assert "reconciler sync --prune" in held.prune_blocked
    assert decide(reading(), known("a", "b"), confirmed=True).remove == ("a", "b")


def test_removing_more_than_half_waits_for_a_yes() -> None:
    held = decide(reading("a"), known("a", "b", "c"))
    assert not held.remove
    assert "2 of 3 businesses of desired would go at once (b, c)" in held.prune_blocked
    assert decide(reading("a"), known("a", "b", "c"), confirmed=True).remove == ("b", "c")
    assert decide(reading("a", "b"), known("a", "b", "c", "d")).remove == ("c", "d")


def test_what_a_broken_file_declared_stays() -> None:
    broken = reading("a", "b", broken=frozenset({"desired/c.yaml"}))
    decision = decide(broken, known("a", "b", "c"))
    assert not decision.remove
    assert not decision.prune_blocked


def test_a_file_that_was_emptied_keeps_its_business() -> None:
    decision = decide(reading("a", silent=frozenset({"desired/c.yaml"})), known("a", "c"))
    assert not decision.remove
    assert "delete the file to remove it" in decision.problems[0].message


def test_the_api_s_businesses_are_neither_taken_nor_removed() -> None:
    decision = decide(reading("a"), known("a", "b", source="api"))
    assert not decision.accept
    assert not decision.remove
    assert "deployed over the API" in decision.problems[0].message


def test_a_source_says_nothing_about_the_businesses_of_another() -> None:
    businesses = known("a", "b") | known("x", "y", source="infra@main/{}.yaml") | known("old", source="gone/{}.yaml")
    decisions = decide_all([reading("a", "b"), reading("x", source="infra@main")], businesses, Asked(0.0))
    assert decisions["desired"].remove == ()
    assert decisions["infra@main"].remove == ("y",)
    held = decide_all([reading("a"), reading(source="infra@main")], businesses, Asked(0.0))
    assert held["desired"].remove == ("b",)
    assert held["infra@main"].remove == () and "infra@main" in held["infra@main"].prune_blocked


def test_what_two_sources_claim_is_applied_from_neither_and_stays() -> None:
    businesses = known("a", "b")
    read = [reading("a", "b"), reading("a", "c", source="infra@main")]
    decisions = decide_all(read, businesses, Asked(0.0))
    assert [entry.business.business_id for entry in decisions["infra@main"].accept] == ["c"]
    assert not decisions["desired"].remove and not decisions["desired"].accept
    told = {problem.file: problem.message for decision in decisions.values() for problem in decision.problems}
    assert "infra@main/a.yaml" in told["desired/a.yaml"] and "desired/a.yaml" in told["infra@main/a.yaml"]


def test_a_business_moves_to_another_source_once_the_first_one_lets_go_of_it() -> None:
    businesses = known("a", "b")
    decisions = decide_all([reading("b"), reading("a", source="infra@main")], businesses, Asked(0.0))
    assert [entry.file for entry in decisions["infra@main"].accept] == ["infra@main/a.yaml"]
    assert decisions["desired"].remove == ()


@pytest.mark.parametrize(
    "first",
    [SourceReading("desired", unreadable="is away"), reading("b", broken=frozenset({"desired/a.yaml"}))],
    ids=["unreadable", "broken"],
)
def test_a_business_of_a_place_that_can_t_be_read_is_not_taken_from_it(first: SourceReading) -> None:
    decisions = decide_all([first, reading("a", source="infra@main")], known("a", "b"), Asked(0.0))
    assert not decisions["infra@main"].accept and not decisions["desired"].remove
    assert "desired/a.yaml" in decisions["infra@main"].problems[0].message


def test_what_was_below_a_folder_that_can_t_be_read_stays() -> None:
    decision = decide(reading("a", "b", broken=frozenset({"desired/team"})), known("a", "b", "team/c"))
    assert not decision.remove and not decision.prune_blocked


def pinned(image: str, *bad: str) -> dict[str, DesiredBusiness]:
    """`a` runs this image, after an operator went back from these."""
    digests = frozenset(content_digest(shop("a", name)) for name in bad)
    return {"a": DesiredBusiness(shop("a", image), source="desired/a.yaml", pinned=3, quarantined=digests)}


def says(image: str, file: str = "desired/a.yaml") -> SourceReading:
    """A directory whose one file declares `a` with this image."""
    return SourceReading("desired", {"a": Declared(shop("a", image), file)})


def test_what_was_rolled_back_is_not_accepted_again_and_anything_else_is() -> None:
    now = pinned("nginx:good", "nginx:bad")
    decision = decide(says("nginx:bad"), now)
    assert not decision.accept and not decision.remove and not decision.problems
    assert [deferred.reason for deferred in decision.deferred] == [
        "pinned to revision 3: desired/a.yaml as it is was rolled back; "
        "change it, or accept it with 'reconciler unpin a'"
    ]
    assert not decide(says("nginx:bad", "desired/other.yaml"), now).accept, "another file makes it no better"
    decision = decide(says("nginx:better"), now)
    assert [entry.business for entry in decision.accept] == [shop("a", "nginx:better")] and not decision.deferred


def test_a_file_that_says_again_what_it_is_pinned_to_releases_the_pin() -> None:
    decision = decide(says("nginx:good"), pinned("nginx:good", "nginx:bad"))
    assert (decision.released, decision.unchanged, decision.deferred) == (("a",), 1, ())

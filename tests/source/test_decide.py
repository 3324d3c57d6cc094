"""What a snapshot means: removal needs certainty, and the API's businesses are not the directory's."""

import pytest

from reconciler.plan.model import DesiredBusiness
from reconciler.source.decide import decide
from reconciler.source.files import Declared, Snapshot
from reconciler.spec.model import Business, Component


def shop(name: str, image: str = "nginx:1") -> Business:
    component = Component(component_id="web", component_name="web", image_name=image)
    return Business(business_id=name, business_name=name, components=(component,))


def known(*names: str, source: str = "desired/{}.yaml") -> dict[str, DesiredBusiness]:
    return {name: DesiredBusiness(shop(name), source=source.format(name)) for name in names}


def snapshot(*names: str, **more: object) -> Snapshot:
    return Snapshot({name: Declared(shop(name), f"desired/{name}.yaml") for name in names}, **more)  # type: ignore[arg-type]


def test_new_changed_and_unchanged() -> None:
    declared = snapshot("a", "b", "c")
    declared.declared["b"] = Declared(shop("b", "nginx:2"), "desired/b.yaml")
    decision = decide(declared, known("a", "b"))
    assert [entry.business.business_id for entry in decision.accept] == ["b", "c"]
    assert decision.unchanged == 1
    assert not decision.remove


def test_a_business_that_moved_to_another_file_is_accepted_from_there() -> None:
    declared = Snapshot({"a": Declared(shop("a"), "desired/other.yaml")})
    assert [entry.file for entry in decide(declared, known("a")).accept] == ["desired/other.yaml"]


def test_a_deleted_file_removes_its_business() -> None:
    assert decide(snapshot("a", "b"), known("a", "b", "c")).remove == ("c",)


@pytest.mark.parametrize("confirmed", [False, True])
def test_an_unreadable_directory_never_removes(confirmed: bool) -> None:
    decision = decide(Snapshot(unreadable="desired: No such file or directory"), known("a", "b"), confirmed)
    assert not decision.remove
    assert "No such file or directory" in decision.held


def test_an_empty_directory_removes_only_when_confirmed() -> None:
    held = decide(snapshot(), known("a", "b"))
    assert not held.remove
    assert "reconciler sync --prune" in held.held
    assert decide(snapshot(), known("a", "b"), confirmed=True).remove == ("a", "b")


def test_removing_more_than_half_waits_for_a_yes() -> None:
    held = decide(snapshot("a"), known("a", "b", "c"))
    assert not held.remove
    assert "2 of 3 businesses would go at once (b, c)" in held.held
    assert decide(snapshot("a"), known("a", "b", "c"), confirmed=True).remove == ("b", "c")
    assert decide(snapshot("a", "b"), known("a", "b", "c", "d")).remove == ("c", "d")


def test_what_a_broken_file_declared_stays() -> None:
    broken = snapshot("a", "b", broken=frozenset({"desired/c.yaml"}))
    decision = decide(broken, known("a", "b", "c"))
    assert not decision.remove
    assert not decision.held


def test_a_file_that_was_emptied_keeps_its_business() -> None:
    decision = decide(snapshot("a", silent=frozenset({"desired/c.yaml"})), known("a", "c"))
    assert not decision.remove
    assert "delete the file to remove it" in decision.problems[0].message


def test_the_api_s_businesses_are_neither_taken_nor_removed() -> None:
    decision = decide(snapshot("a"), known("a", "b", source="api"))
    assert not decision.accept
    assert not decision.remove
    assert "deployed over the API" in decision.problems[0].message

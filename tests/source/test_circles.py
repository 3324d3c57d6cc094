"""Businesses that would wait for each other in a circle are refused, all of them, and no other."""

from reconciler.manifest.model import Business, Component
from reconciler.plan.model.desired import DesiredBusiness
from reconciler.source.circles import in_circles
from reconciler.source.files import Declared


def business(name: str, *needs: str) -> Business:
    component = Component(component_id="web", component_name="web", image_name="nginx:1")
    return Business(business_id=name, business_name=name, components=(component,), depends_on_businesses=needs)


def refused(new: list[Business], known: list[Business]) -> dict[str, str]:
    declared = [Declared(one, f"desired/{one.business_id}.yaml") for one in new]
    found = in_circles(declared, {one.business_id: DesiredBusiness(one) for one in known})
    return {name: problem.message for name, problem in found.items()}


def test_all_of_a_circle_are_refused_and_what_leads_to_it_is_accepted() -> None:
    found = refused([business("a", "b"), business("b", "a"), business("user", "a")], [])
    assert set(found) == {"a", "b"}
    assert "a → b → a" in found["a"] and "stays as it is until the circle is broken" in found["a"]


def test_the_version_that_stays_may_close_another_circle() -> None:
    """Without the new `b` the old one stays, and that needs `c`."""
    found = refused([business("a", "b"), business("b", "a"), business("c", "b")], [business("b", "c")])
    assert set(found) == {"a", "b", "c"}


def test_what_needs_what_nobody_knows_is_in_no_circle() -> None:
    assert refused([business("a", "nobody")], []) == {}

"""Why something was done, from the call to what came of it."""

import pytest

from reconciler.control.ask.why import Why, why
from reconciler.control.errors import Conflict, UnknownInstance
from tests.control.helpers import Site
from tests.support.planning import business, component, key


@pytest.fixture
def shop(site: Site) -> Site:
    site.nodes("a")
    site.deploys(business("shop", component("web", replicas=2)))
    site.settles()
    return site


def ask(site: Site, target: str) -> Why:
    return why(target, site.manager.events, site.manager.decisions, site.manager.view())


def test_the_newest_action_about_a_component_is_explained(shop: Site) -> None:
    found = ask(shop, "shop/web")
    assert (found.event.kind, found.key) == ("create", key("shop/web/1"))
    assert found.event.cause == "ann: revision 1"
    assert found.decision is not None and found.action is not None
    assert (found.action.kind, found.action.node_id) == ("create", "a")
    assert found.entry is not None and found.entry.revision == 1
    assert found.explanation is not None and found.explanation.node_id == "a"
    assert found.now is not None and found.now.status == "running"
    assert "running" in {event.message.partition(":")[0] for event in found.after}


def test_one_instance_an_event_and_a_container_can_be_named(shop: Site) -> None:
    first = ask(shop, "shop/web/0")
    assert first.key == key("shop/web/0")
    assert ask(shop, str(first.event.id)) == first
    assert ask(shop, "container-1") == first


def test_what_has_no_place_is_explained_by_what_was_tried(site: Site) -> None:
    site.nodes("a")
    site.deploys(business("shop", component("web", cpu=100)))
    site.turns()
    found = ask(site, "shop/web")
    assert found.event.kind == "status"
    assert found.pending is not None and found.action is None
    assert found.explanation is not None and found.explanation.node_id is None


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("shop/app", "no action about shop/app is on record"),
        ("/web", "names no instance"),
        ("shop/web/x", "names no instance"),
        ("999999", "nothing that is on record is called '999999'"),
        ("0", "nothing that is on record is called '0'"),
        ("deadbeef", "nothing that is on record is called 'deadbeef'"),
        ("con", "nothing that is on record is called 'con'"),
    ],
)
def test_what_is_not_on_record_is_answered_with_what_to_name(shop: Site, target: str, answer: str) -> None:
    with pytest.raises(UnknownInstance, match=answer):
        ask(shop, target)


def test_several_containers_of_one_beginning_are_too_many(shop: Site) -> None:
    with pytest.raises(Conflict, match="several containers begin with cont: give more of the id"):
        ask(shop, "cont")


def test_an_event_about_no_instance_is_answered_with_its_cause(shop: Site) -> None:
    (accepted,) = shop.events("accepted")
    with pytest.raises(UnknownInstance, match=f"event {accepted.id} .* is about no instance; its cause: ann"):
        ask(shop, str(accepted.id))


def test_a_container_that_is_gone_is_found_in_what_was_decided(shop: Site) -> None:
    shop.passes(5)
    shop.deploys(business("shop", component("web", replicas=2, image_name="web:2")))
    shop.settles()
    assert not any(allocation.container_id == "container-1" for allocation in shop.manager.view().observed.allocations)
    assert ask(shop, "container-1").event.kind == "create"

"""Every stop and update says why, in words that name what the operator or the spec did."""

from collections.abc import Callable

import pytest

from tests.support.planning import World, business, component, node

WEB = component("web", replicas=2)
DB = component("db")


@pytest.mark.parametrize(
    ("happens", "lines"),
    [
        (lambda world: None, []),
        (
            lambda world: world.stops("shop"),
            [
                "stop shop/db/0 on a: business shop is stopped",
                "stop shop/web/0 on a: business shop is stopped",
                "stop shop/web/1 on a: business shop is stopped",
            ],
        ),
        (
            lambda world: world.removes("shop"),
            [
                "stop shop/db/0 on a: business shop is not in the desired state",
                "stop shop/web/0 on a: business shop is not in the desired state",
                "stop shop/web/1 on a: business shop is not in the desired state",
            ],
        ),
        (
            lambda world: world.wants(business("shop", WEB)),
            ["stop shop/db/0 on a: component db is no longer in the spec"],
        ),
        (
            lambda world: world.wants(business("shop", component("web", replicas=1), DB)),
            ["stop shop/web/1 on a: replicas is 1"],
        ),
        (
            lambda world: world.wants(business("shop", component("web", replicas=0), DB)),
            ["stop shop/web/0 on a: replicas is 0", "stop shop/web/1 on a: replicas is 0"],
        ),
        (
            lambda world: world.wants(business("shop", component("web", replicas=3), DB)),
            ["create shop/web/2 on a: not running yet"],
        ),
        (
            lambda world: world.restarts("shop"),
            [
                "update shop/db/0 on a: restart asked for",
                "update shop/web/0 on a: restart asked for",
                "update shop/web/1 on a: restart asked for",
            ],
        ),
        (
            lambda world: world.wants(business("shop", WEB, component("db", user="1000"))),
            ["update shop/db/0 on a: spec changed"],
        ),
        (
            lambda world: world.allocation("shop/db/0", digest="unknown"),
            ["update shop/db/0 on a: runs a version that no kept revision has"],
        ),
    ],
)
def test_the_reason_names_what_happened(happens: Callable[[World], object], lines: list[str]) -> None:
    world = World(node("a")).wants(business("shop", WEB, DB)).settles()
    happens(world)
    assert world.lines() == lines


def test_a_stopped_business_starts_again_as_it_was() -> None:
    world = World(node("a")).wants(business("shop", DB)).settles()
    world.stops("shop")
    assert world.settles().running() == []
    entry = world.desired.businesses["shop"]
    world.removes("shop")
    world.wants(entry.business)
    assert world.lines() == ["create shop/db/0 on a: not running yet"]


def test_a_rollback_is_an_update_with_the_changes_backwards() -> None:
    world = World(node("a")).wants(business("shop", component(image_name="web:1")))
    world.settles().wants(business("shop", component(image_name="web:2"))).settles()
    world.wants(business("shop", component(image_name="web:1")))
    (action,) = world.plan().actions
    assert [(change.old, change.new) for change in action.changes] == [("web:2", "web:1")]


def test_changes_are_told_across_a_restart_and_several_revisions() -> None:
    """What runs is two revisions and a restart back: it is still recognised."""
    world = World(node("a")).wants(business("shop", component(image_name="web:1"))).settles()
    world.restarts("shop")
    world.wants(business("shop", component(image_name="web:2")), business("shop", component(image_name="web:3")))
    (action,) = world.plan().actions
    assert str(action.reason) == "spec changed"
    assert [(change.old, change.new) for change in action.changes] == [("web:1", "web:3")]

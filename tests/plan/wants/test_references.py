"""References to where other components run: resolved from placements, in order, and followed when those change."""

from typing import Any

from reconciler.manifest.model import Component, Dependency, Port
from reconciler.plan.model.plan import Action
from reconciler.wire.messages import Status
from tests.support.planning import World, blocked, business, component, node

URL = {"URL": "${db.host}:${db.port.5432}/${db.replicas}"}


def web(**fields: Any) -> Component:
    return component("web", environment_variables=URL, **fields)


def db(**fields: Any) -> Component:
    return component("db", ports=(Port(target=5432, published=15432),), **fields)


def fleet() -> World:
    return World(node("a", address="http://10.0.0.1:7701"), node("b", address="http://10.0.0.2:7701"))


def url(action: Action) -> str:
    assert action.component is not None
    return action.component.environment_variables["URL"]


def action(world: World, name: str) -> Action:
    return next(action for action in world.plan().actions if str(action.key).startswith(f"shop/{name}/"))


def test_another_node_is_reached_at_its_address_on_the_published_port() -> None:
    world = fleet().wants(business("shop", web(node_id="a"), db(node_id="b")))
    assert url(action(world, "web")) == "10.0.0.2:15432/1"


def test_a_neighbour_on_a_common_network_is_reached_by_name() -> None:
    world = fleet().wants(business("shop", web(node_id="a"), db(node_id="a")))
    assert url(action(world, "web")) == "db:5432/1"
    world = fleet().wants(business("shop", web(node_id="a", networks=("own",)), db(node_id="a")))
    assert url(action(world, "web")) == "10.0.0.1:15432/1"


def test_each_instance_is_told_what_is_true_on_its_own_node() -> None:
    world = fleet().wants(business("shop", web(mode="global"), db(node_id="a")))
    assert {found.node_id: url(found) for found in world.plan().actions if found.key.component_id == "web"} == {
        "a": "db:5432/1",
        "b": "10.0.0.2:15432/1".replace("0.2", "0.1"),
    }


def test_what_is_referred_to_starts_first() -> None:
    world = fleet().wants(business("shop", web(), db()))
    assert blocked(action(world, "web")) == "waits until db/0 has started"
    world.settles()


def test_when_the_target_moves_what_refers_to_it_follows() -> None:
    world = fleet().wants(business("shop", web(node_id="a"), db(node_id="b"))).settles()
    world.wants(business("shop", web(node_id="a"), db(node_id="a")))
    update = action(world, "web")
    assert (str(update.kind), url(update)) == ("update", "db:5432/1")
    assert "db" in blocked(update), "it waits for the target on its new node"
    world.settles()
    assert world.lines() == []


def shown(found: Action) -> list[str]:
    return [f"{one.field}: {one.old} → {one.new}" for one in found.changes]


def test_an_update_names_what_moved_field_by_field_also_once_nothing_is_left_of_where_it_was() -> None:
    world = fleet().wants(business("shop", web(node_id="a"), db(node_id="b"))).settles()
    world.wants(business("shop", web(node_id="a"), db(node_id="a")))
    moved = ["environment_variables.URL: 10.0.0.2:15432/1 → db:5432/1"]
    assert (str(action(world, "web").reason), shown(action(world, "web"))) == ("what it refers to has moved", moved)
    world.carry_out(tuple(one for one in world.plan().actions if one.key.component_id == "db"))
    assert world.running() == ["shop/db/0 on a", "shop/web/0 on a"]
    assert (str(action(world, "web").reason), shown(action(world, "web"))) == ("what it refers to has moved", moved)


def test_an_update_of_what_refers_to_something_names_the_fields_of_the_spec() -> None:
    world = fleet().wants(business("shop", web(node_id="a"), db(node_id="b"))).settles()
    world.wants(business("shop", web(node_id="a", user="www"), db(node_id="b")))
    found = action(world, "web")
    assert (str(found.reason), shown(found)) == ("spec changed", ["user: None → www"])
    world.wants(business("shop", web(node_id="a", user="www"), db(node_id="a")))
    found = action(world, "web")
    both = ["environment_variables.URL: 10.0.0.2:15432/1 → db:5432/1", "user: None → www"]
    assert (str(found.reason), shown(found)) == ("spec changed", both)
    world.settles()
    world.restarts("shop")
    assert str(action(world, "web").reason) == "restart asked for"


def test_a_lost_node_s_target_is_followed_to_where_it_is_placed_anew() -> None:
    world = fleet().wants(business("shop", web(node_id="a"), db(node_labels={}))).settles()
    where = world.where()["shop/db/0"]
    if where == "a":
        world.node("a", cordoned=True)
        world.wants(business("shop", web(node_id="a"), db(node_id="b"))).settles()
        world.node("a", cordoned=False)
        world.wants(business("shop", web(node_id="a"), db())).settles()
    world.node("b", silent=61)
    assert url(action(world, "web")) == "db:5432/1"
    world.settles()


def test_what_stands_for_nothing_keeps_it_waiting_with_the_reason() -> None:
    world = fleet().wants(business("shop", web(node_id="a"), component("db", memory=10**6)))
    assert world.lines() == []
    assert "${db.host}: db has no place yet" in world.pending()["shop/web/0"]
    world = fleet().wants(business("shop", web(node_id="a"), component("db", node_id="b")))
    assert 'add ports: ["5432:5432"]' in world.pending()["shop/web/0"]


def test_a_neighbour_on_another_network_needs_a_port_too() -> None:
    apart = component("db", node_id="a", networks=("back",))
    world = fleet().wants(business("shop", web(node_id="a", networks=("front",)), apart))
    why = world.pending()["shop/web/0"]
    assert "db is on another network and publishes no port 5432" in why
    assert why.endswith('add ports: ["5432:5432"] to it or a network in common')


def test_what_runs_already_goes_on_while_its_target_has_no_place() -> None:
    world = fleet().wants(business("shop", web(node_id="a"), db(node_id="b"))).settles()
    world.node("b", silent=61)
    assert world.lines() == []
    assert set(world.pending()) == {"shop/web/0", "shop/db/0"}
    world.node("b", silent=0)
    assert world.lines() == []


def test_a_node_s_own_name_and_address() -> None:
    parts = component("web", environment_variables={"URL": "${node.id} ${node.host}"}, mode="global")
    world = fleet().wants(business("shop", parts))
    assert sorted(url(found) for found in world.plan().actions) == ["a 10.0.0.1", "b 10.0.0.2"]


def test_a_version_with_references_can_be_rolled_out_in_turns() -> None:
    world = fleet().wants(business("shop", web(replicas=2), db())).settles()
    world.wants(business("shop", web(replicas=2, image_name="web:2"), db()))
    held = [blocked(found) for found in world.plan().actions]
    assert held[0] == "" and "1 at a time" in held[1]
    world.settles()


def test_a_target_that_fails_keeps_what_refers_to_it_waiting() -> None:
    world = fleet().wants(business("shop", web(depends_on={"db": Dependency(condition="service_healthy")}), db()))
    world.carry_out(tuple(found for found in world.plan().actions if not found.blocked_by))
    world.allocation("shop/db/0", status=Status.FAILED)
    assert blocked(action(world, "web")) == "waits until db/0 is healthy"

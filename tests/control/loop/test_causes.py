"""What led to actions: told from the plan, from what was observed before, and from the record."""

from dataclasses import replace

from reconciler.control.loop.causes import cause_of
from reconciler.control.loop.journal import events_between
from reconciler.control.view import View
from reconciler.plan.ask.status import derive
from reconciler.plan.model.desired import Commit, Desired
from reconciler.plan.model.observed import Vanished
from reconciler.plan.model.policy import Policy
from reconciler.plan.schedule.node_health import node_health
from reconciler.wire.messages import Status
from tests.support.planning import NOW, World, business, component, node

COMMIT = Commit("abc1234def", "Ann", "Raise the limit", 1.0)
CALLS = {
    "restart": "api 127.0.0.1: restart",
    "stop": "api 127.0.0.1: stop",
    "removed": "commit abc1234 by Ann: Drop it",
}


def view(world: World) -> View:
    planned = world.plan()
    alive = {node_id: node_health(one, Policy(), NOW) for node_id, one in world.observed.nodes.items()}
    statuses = derive(world.desired, world.observed, planned)
    return View(world.desired, world.observed, planned, statuses, alive, NOW)


def recorded(business_id: str, kinds: tuple[str, ...]) -> str:
    """A record in which only calls about one kind of change are."""
    return CALLS.get(kinds[0], "") if len(kinds) == 1 else ""


def causes(before: View, world: World) -> dict[str, str]:
    after = view(world)
    return {
        f"{action.kind} {action.key} on {action.node_id}": cause_of(action, before, after, recorded)
        for action in after.plan.actions
    }


def running(*nodes: str) -> World:
    """The shop's web on one of these nodes."""
    world = World(*(node(name) for name in nodes)).wants(business("shop", component("web", replicas=1))).settles()
    return committed(world)


def committed(world: World) -> World:
    """Every business comes from the commit."""
    entries = world.desired.businesses.items()
    world.desired = Desired({key: replace(entry, commit=COMMIT) for key, entry in entries}, world.desired.removed)
    return world


def test_a_change_of_the_spec_is_of_its_commit() -> None:
    world = running("a")
    before = view(world)
    committed(world.wants(business("shop", component("web", image_name="web:2"))))
    assert causes(before, world) == {"update shop/web/0 on a": "commit abc1234 by Ann: Raise the limit"}


def test_without_a_commit_or_a_record_the_source_and_revision_are_told() -> None:
    world = World(node("a")).wants(business("shop", component("web")))
    assert causes(View(), world) == {"create shop/web/0 on a": "api: revision 1"}


def test_calls_are_causes() -> None:
    world = running("a")
    before = view(world)
    world.restarts("shop")
    assert causes(before, world) == {"update shop/web/0 on a": "api 127.0.0.1: restart"}
    world = running("a")
    world.stops("shop")
    assert causes(before, world) == {"stop shop/web/0 on a": "api 127.0.0.1: stop"}
    world = running("a")
    world.removes("shop")
    assert causes(before, world) == {"stop shop/web/0 on a": "commit abc1234 by Ann: Drop it"}


def test_what_happens_to_nodes_is_a_cause() -> None:
    world = running("a", "b")
    before = view(world)
    world.node("a", silent=100)
    assert causes(before, world) == {"create shop/web/0 on b": "node a lost"}
    world.node("a", silent=0, draining=True)
    assert causes(before, world) == {
        "create shop/web/0 on b": "operator drain of a",
        "stop shop/web/0 on a": "operator drain of a",
    }


def test_what_a_node_reports_is_a_cause() -> None:
    world = running("a")
    before = view(world)
    world.allocation("shop/web/0", status=Status.STOPPED, ended=True, message="exit code 1")
    assert causes(before, world) == {"update shop/web/0 on a": "report of node a: it ended"}
    world = running("a")
    world.observed = replace(world.observed, allocations=())
    assert causes(before, world) == {"create shop/web/0 on a": "report of node a: it is gone"}
    (allocation,) = before.observed.allocations
    world.observed = replace(world.observed, vanished={allocation.key: Vanished("a", allocation.digest)})
    assert causes(before, world) == {"create shop/web/0 on a": "report of node a: it is gone"}


def test_every_event_of_a_turn_has_a_cause_and_the_hash_of_its_plan() -> None:
    world = running("a", "b")
    before = view(world)
    world.node("a", silent=100)
    after = view(world)
    events = events_between(before, after, after.plan.actions, recorded)
    assert {event.kind: event.cause for event in events} == {
        "node": "silence of node a",
        "create": "node a lost",
        "status": "node a lost",
    }
    assert len({event.plan_hash for event in events}) == 1 and len(events[0].plan_hash) == 64

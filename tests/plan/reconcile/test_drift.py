"""What somebody changes on a node: healed at the pace of updates, ignored, only shown, or frozen."""

from dataclasses import replace
from typing import Any

from msgspec import structs

from reconciler.manifest.model import Sync
from reconciler.plan.model.observed import Vanished
from reconciler.plan.model.plan import Plan
from reconciler.plan.model.policy import Policy
from reconciler.plan.reconcile.planner import plan
from reconciler.wire.messages import Reservation, Status
from reconciler.wire.reports import Drift
from tests.support.planning import NOW, World, blocked, business, component, key, node

ENV = Drift(field="environment_variables.DEBUG", expected=None, actual='"1"')
RESTART = Drift(field="restart", expected='"always"', actual='"no"')


def shop(**fields: Any) -> World:
    fields = {"cpu": 1, "memory": 64} | fields
    return World(node("a"), node("b")).wants(business("shop", component(**fields))).settles()


def without_self_heal(world: World) -> World:
    world.desired = replace(
        world.desired,
        businesses={
            name: replace(one, business=structs.replace(one.business, sync=Sync(self_heal=False)))
            for name, one in world.desired.businesses.items()
        },
    )
    return world


def healed(world: World, fields: tuple[str, ...], times: int = 3) -> Plan:
    """The plan when these fields were set back so often before."""
    observed = replace(world.observed, heals={(key("shop/web/0"), field): times for field in fields})
    return plan(world.desired, observed, now=NOW)


def told(result: Plan) -> list[str]:
    return [f"{left.key}: {left}" for left in result.drifted]


def test_what_somebody_changed_is_set_back_with_a_new_container() -> None:
    world = shop()
    world.allocation("shop/web/0", drift=(ENV,))
    (action,) = world.plan().actions
    assert (str(action.kind), str(action.reason), action.live) == ("update", "drift: changed on the node", False)
    assert [(one.field, one.old, one.new) for one in action.changes] == [(ENV.field, "1", None)]
    assert action.heals == (ENV.field,)
    world.settles()


def test_limits_and_the_restart_policy_are_set_back_live() -> None:
    world = shop()
    world.allocation("shop/web/0", drift=(RESTART,), reservation=Reservation(cpu_cores=1, memory_mb=128))
    (action,) = world.plan().actions
    assert (action.live, str(action.reason)) == (True, "drift: changed on the node")
    assert action.heals == ("resource_requirements.memory_mb", "restart")
    world.settles()


def test_a_limit_where_there_is_to_be_none_takes_a_new_container() -> None:
    world = shop(cpu=0, memory=0)
    world.allocation("shop/web/0", reservation=Reservation(memory_mb=128))
    (action,) = world.plan().actions
    assert (action.live, action.heals) == (False, ("resource_requirements.memory_mb",))


def test_a_new_limit_of_the_spec_is_no_drift() -> None:
    world = shop()
    world.wants(business("shop", component(cpu=1, memory=128)))
    (action,) = world.plan().actions
    assert (str(action.reason), action.heals) == ("limits changed", ())


def test_a_new_version_says_nothing_of_drift() -> None:
    world = shop()
    world.allocation("shop/web/0", drift=(ENV,))
    world.wants(business("shop", component(cpu=1, memory=64, image_name="web:2")))
    (action,) = world.plan().actions
    assert (str(action.reason), action.heals) == ("spec changed", ())


def test_what_is_hidden_is_said_to_differ() -> None:
    world = shop()
    hidden = '"(hidden)"'
    world.allocation("shop/web/0", drift=(Drift(field="environment_variables.TOKEN", expected=hidden, actual=hidden),))
    (change,) = world.plan().actions[0].changes
    assert (change.old, change.new) == ("(hidden) (changed)", "(hidden)")


def test_ignored_fields_are_left_whether_named_whole_or_by_their_beginning() -> None:
    for ignored in (ENV.field, "environment_variables", "environment", "environment.DEBUG"):
        world = shop(ignore_drift=(ignored,))
        world.allocation("shop/web/0", drift=(ENV,))
        assert world.lines() == [] and told(world.plan()) == [], ignored
    world = shop(ignore_drift=("environment_variables.DE",))
    world.allocation("shop/web/0", drift=(ENV,))
    assert len(world.lines()) == 1


def test_an_ignored_limit_is_left_and_its_swap_with_it() -> None:
    world = shop(ignore_drift=("memory_mb",))
    swap = Drift(field="memswap_limit", expected='"2 x memory_mb"', actual='"128m"')
    world.allocation("shop/web/0", reservation=Reservation(cpu_cores=1, memory_mb=128), drift=(swap,))
    assert world.lines() == []
    world.wants(business("shop", component(cpu=2, memory=64, ignore_drift=("memory_mb",))))
    assert [change.field for change in world.plan().actions[0].changes] == ["resource_requirements.cpu_cores"]


def test_without_self_heal_drift_is_only_shown() -> None:
    world = without_self_heal(shop())
    world.allocation("shop/web/0", drift=(ENV,), reservation=Reservation(cpu_cores=1, memory_mb=128))
    assert world.lines() == []
    said = (
        "resource_requirements.memory_mb is 128, not 64, environment_variables.DEBUG is 1, not (none): self_heal is off"
    )
    assert told(world.plan()) == [f"shop/web/0: {said}"]
    status = world.status("shop")
    assert (status.status, status.message) == ("running", f"web/0: {said}")


def test_without_self_heal_what_was_stopped_or_removed_is_only_shown() -> None:
    world = without_self_heal(shop())
    allocation = world.allocation("shop/web/0", status=Status.STOPPED, ended=True)
    assert world.lines() == []
    assert world.status("shop").status == "failed"
    gone = Vanished(allocation.node_id, allocation.digest)
    world.observed = replace(world.observed, allocations=(), vanished={allocation.key: gone})
    assert world.lines() == []
    assert told(world.plan()) == ["shop/web/0: status is removed, not running: self_heal is off"]
    assert world.status("shop").status == "failed"
    world.restarts("shop")
    assert len(world.lines()) == 1, "a restart is a new wish"


def test_without_self_heal_what_was_removed_from_a_lost_or_draining_node_starts_elsewhere() -> None:
    for change in ({"silent": 100}, {"draining": True}):
        world = without_self_heal(shop())
        allocation = world.allocation("shop/web/0")
        world.observed = replace(
            world.observed, allocations=(), vanished={allocation.key: Vanished(allocation.node_id, allocation.digest)}
        )
        world.node(allocation.node_id, **change)
        assert world.lines() == [f"create shop/web/0 on b: was removed on {allocation.node_id}"]


def test_with_self_heal_what_was_removed_comes_back() -> None:
    world = shop()
    allocation = world.allocation("shop/web/0")
    world.observed = replace(
        world.observed, allocations=(), vanished={allocation.key: Vanished(allocation.node_id, allocation.digest)}
    )
    assert world.lines() == [f"create shop/web/0 on a: was removed on {allocation.node_id}"]


def test_a_field_that_was_set_back_three_times_is_frozen_and_named() -> None:
    world = shop()
    world.allocation("shop/web/0", reservation=Reservation(cpu_cores=1, memory_mb=128))
    field = "resource_requirements.memory_mb"
    assert len(healed(world, (field,), times=2).actions) == 1
    result = healed(world, (field,))
    assert result.actions == ()
    assert told(result) == [
        f"shop/web/0: {field} is 128, not 64: frozen: it was set back 3 times, and something on node a sets it again; "
        f"change the spec, add ignore_drift: [{field}], or say `reconciler thaw shop/web`"
    ]


def test_a_frozen_field_does_not_keep_others_from_being_healed() -> None:
    world = shop()
    world.allocation("shop/web/0", drift=(ENV, RESTART))
    result = healed(world, (ENV.field,))
    assert [(action.heals, action.live) for action in result.actions] == [(("restart",), True)]
    assert len(result.drifted) == 1


def test_how_often_is_a_matter_of_policy() -> None:
    world = shop()
    world.allocation("shop/web/0", drift=(ENV,))
    observed = replace(world.observed, heals={(key("shop/web/0"), ENV.field): 1})
    assert plan(world.desired, observed, Policy(freeze_after=1), now=NOW).actions == ()


def test_healing_is_paced_like_an_update() -> None:
    world = World(node("a"), node("b")).wants(business("shop", component(replicas=4))).settles()
    for number in range(4):
        world.allocation(f"shop/web/{number}", drift=(ENV,))
    held = [bool(action.blocked_by) for action in world.plan().actions]
    assert held == [False, True, True, True]
    assert blocked(world.plan().actions[1]) == "waits until web/0 runs: 1 at a time"
    world.allocation("shop/web/3", status=Status.FAILED)
    held = {str(action.key): bool(action.blocked_by) for action in world.plan().actions}
    assert held == {"shop/web/0": True, "shop/web/1": True, "shop/web/2": True, "shop/web/3": False}

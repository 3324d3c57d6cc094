"""The proof that a plan settles: what would go on for ever is not begun, with the field that flips."""

from collections.abc import Collection
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Observed
from reconciler.plan.model.plan import Action, Change, Kind, Plan
from reconciler.plan.model.policy import Policy
from reconciler.plan.model.reasons import NOT_RUNNING, Moves, SpecChanged
from reconciler.plan.proof.simulate import applied
from reconciler.plan.proof.stability import Planner, without_oscillation
from reconciler.plan.reconcile.planner import DEFAULT_POLICY, draft
from tests.support.histories import worlds
from tests.support.planning import NOW, World, business, component, key, node


def flipping(action: Action) -> Planner:
    """A planner that finds this to do every time."""

    def planner(
        desired: Desired, observed: Observed, policy: Policy, now: float, only: Collection[str] | None = None
    ) -> Plan:
        found = draft(desired, observed, policy, now, only)
        others = [other for other in found.actions if (other.key, other.node_id) != (action.key, action.node_id)]
        return replace(found, actions=(*others, action))

    return planner


def unheld(plan: Plan) -> list[Action]:
    """The actions, whatever they wait for."""
    return [replace(action, blocked_by=None) for action in plan.actions]


def proved(world: World, planner: Planner) -> Plan:
    return without_oscillation(planner, world.desired, world.observed, DEFAULT_POLICY, NOW)


def two() -> World:
    """One business that runs, and one that is to come."""
    world = World(node("a"), node("b")).wants(business("loop", component())).settles()
    return world.wants(business("fine", component()))


def update(world: World, *changes: Change) -> Action:
    allocation = world.allocation("loop/web/0")
    return Action(
        Kind.UPDATE,
        allocation.key,
        allocation.node_id,
        SpecChanged(),
        component(),
        allocation.digest,
        allocation.digest,
        (),
        changes,
    )


def test_a_field_that_flips_is_named_and_the_business_waits_while_others_go_on() -> None:
    world = two()
    found = proved(world, flipping(update(world, Change("image_name", "web:1", "web:2"))))
    assert [str(action.key) for action in found.actions] == ["fine/web/0"]
    (waits,) = found.pending
    assert (waits.key, str(waits.reason)) == (
        key("loop/web/0"),
        "would never settle: web/0: image_name flips between web:1 and web:2",
    )
    assert key("loop/web/0") in found.placements, "what runs of it runs on"


def test_the_reason_is_told_where_no_field_differs() -> None:
    world = two()
    (waits,) = proved(world, flipping(update(world))).pending
    assert str(waits.reason) == "would never settle: web/0: there is another update after each, because: spec changed"


def test_an_instance_that_would_move_for_ever_stays_where_it_is() -> None:
    world = two()
    (allocation,) = world.observed.allocations

    def planner(
        desired: Desired, observed: Observed, policy: Policy, now: float, only: Collection[str] | None = None
    ) -> Plan:
        here = next(other.node_id for other in observed.allocations if other.key == allocation.key)
        there = {"a": "b", "b": "a"}[here]
        found = draft(desired, observed, policy, now, only)
        moves = (
            Action(Kind.STOP, allocation.key, here, Moves(there, NOT_RUNNING), old_digest=allocation.digest),
            Action(Kind.CREATE, allocation.key, there, NOT_RUNNING, component(), allocation.digest),
        )
        return replace(found, actions=(*found.actions, *moves), placements={**found.placements, allocation.key: there})

    found = proved(world, planner)
    assert [str(action.key) for action in found.actions] == ["fine/web/0"]
    assert found.placements[allocation.key] == allocation.node_id
    assert "web/0: its node flips between" in str(found.pending[0].reason)


def test_what_would_be_created_for_ever_has_no_place() -> None:
    world = two()
    create = Action(Kind.CREATE, key("fine/web/0"), "b", NOT_RUNNING, component(), "digest")
    found = proved(world, flipping(create))
    assert found.actions == () and key("fine/web/0") not in found.placements
    assert [waits.key for waits in found.pending] == [key("fine/web/0")]


def test_a_plan_without_actions_is_not_made_twice() -> None:
    world = World(node("a")).wants(business("shop", component())).settles()
    calls = []

    def planner(
        desired: Desired, observed: Observed, policy: Policy, now: float, only: Collection[str] | None = None
    ) -> Plan:
        calls.append(only)
        return draft(desired, observed, policy, now, only)

    assert proved(world, planner).actions == ()
    assert calls == [None]


@given(world=worlds())
def test_no_real_plan_is_refused_and_each_settles(world: World) -> None:
    first = draft(world.desired, world.observed, now=NOW)
    assert without_oscillation(draft, world.desired, world.observed, DEFAULT_POLICY, NOW) == first
    assert draft(world.desired, applied(first, world.observed), now=NOW).actions == ()


@given(world=worlds(), data=st.data())
def test_planning_some_businesses_finds_for_them_what_planning_all_does(world: World, data: st.DataObject) -> None:
    """On a fleet where the others have nothing to do; but for what waits for another business, which is not known then."""
    world.carries_out()
    assume(world.desired.businesses)
    world.restarts(data.draw(st.sampled_from(sorted(world.desired.businesses))))
    everything = draft(world.desired, world.observed, now=NOW)
    busy = {action.key.business_id for action in everything.actions}
    busy |= {pending.key.business_id for pending in everything.pending}
    some = draft(world.desired, world.observed, now=NOW, only=busy)
    assert some.pending == everything.pending
    assert unheld(some) == unheld(everything)

"""What holds of every plan through whole lives of a fleet, carried out action by action in random order."""

import random
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.plan.ask.explain import explain
from reconciler.plan.ask.status import derive
from reconciler.plan.reconcile.planner import plan
from tests.support.lives import Life

bounded = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 2**32)


@bounded
@given(seed=seeds)
def test_the_same_input_in_any_order_gives_the_same_plan(seed: int) -> None:
    life = Life(seed).goes_on()
    shuffle = random.Random(seed).shuffle
    nodes, allocations = list(life.observed.nodes.items()), list(life.observed.allocations)
    entries = list(life.desired.businesses.items())
    for items in (nodes, allocations, entries):
        shuffle(items)
    desired = replace(life.desired, businesses=dict(entries))
    observed = replace(life.observed, nodes=dict(nodes), allocations=tuple(allocations))
    assert plan(desired, observed, life.policy, life.at) == life.plan()


@bounded
@given(seed=seeds)
def test_every_wanted_instance_has_a_place_or_a_reason_and_can_be_explained(seed: int) -> None:
    life = Life(seed).goes_on()
    found = life.plan()
    reasons = {pending.key: str(pending) for pending in found.pending}
    assert set(found.instances) == {*found.placements, *reasons} and all(reasons.values())
    assert set(derive(life.desired, life.observed, found)) == set(life.desired.businesses)
    for key in found.instances[:3]:
        explain(life.desired, life.observed, key, life.policy, life.at)


@bounded
@given(seed=seeds)
def test_a_fleet_that_is_left_alone_comes_to_rest(seed: int) -> None:
    """Only what waits for a person, for room, or for what is not there is left to do."""
    life = Life(seed).goes_on()
    life.heals()
    for _ in range(30):
        found = life.runs(100)
        life.ticks(12)
    found = life.runs(100)
    assert not life.able(found)
    assert not found.actions or any(action.blocked_by for action in found.actions), "actions wait for each other"

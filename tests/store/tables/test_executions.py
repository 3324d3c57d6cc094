"""A saved plan is accepted as a whole or not at all, and what became of it is kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.plan.keep.preconditions import Basis
from reconciler.plan.keep.saved import SavedPlan, save
from reconciler.plan.model.policy import Policy
from reconciler.plan.reconcile.planner import plan
from reconciler.store import Accepted, Store, UnknownNode
from reconciler.store.tables.executions import DONE
from tests.store.making import accept, business, key, report, unconfirmed


def saved(store: Store, *business_ids: str) -> SavedPlan:
    desired, observed = store.desired.snapshot(), store.observed.snapshot()
    return save(Basis(desired, observed, Policy(), 1.0), plan(desired, observed, Policy(), 1.0), desired, business_ids)


def test_specs_allocations_and_the_plan_are_accepted_as_one(store: Store, path: Path) -> None:
    store.observed.record_report(report(), 1.0)
    accept(store, business("blog"))
    made = saved(store, "shop", "blog")
    wanted = [(business("blog"), "api"), (business("shop"), "api")]
    outcome = store.executions.accept(wanted, [unconfirmed()], made, "Ann", 2.0)
    assert outcome.accepted == {"blog": Accepted(1, False), "shop": Accepted(1, True)}
    (allocation,) = store.observed.snapshot().allocations
    assert allocation == replace(unconfirmed(), version=1, since=2.0)
    store.close()
    again = Store.open(path)
    (execution,) = again.executions.running()
    assert (execution.saved.hash, execution.revisions, execution.who) == (made.hash, {"blog": 1, "shop": 1}, "Ann")
    assert again.observed.snapshot().allocations == (allocation,)
    again.executions.update(replace(execution, state=DONE, departures=("one more",)))
    assert again.executions.running() == []
    found = again.executions.find(made.hash[:12])
    assert found is not None and (found.state, found.departures) == (DONE, ("one more",))
    assert again.executions.find("0" * 64) is None
    again.close()


def test_of_a_saved_plan_for_an_unknown_node_nothing_is_accepted(store: Store) -> None:
    before = store.desired.snapshot()
    made = saved(store, "shop")
    with pytest.raises(UnknownNode):
        store.executions.accept([(business(), "api")], [unconfirmed(key())], made, "Ann", 2.0)
    assert store.desired.snapshot() is before
    assert store.revisions.newest("shop") == [] and store.executions.running() == []
    assert store.versions.next(1)[0] == 1

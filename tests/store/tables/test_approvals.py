"""Approvals of stops are kept until they are withdrawn, and the planner is given them."""

from pathlib import Path

from reconciler.store import Store
from tests.store.making import key

ONE, OTHER = (key("web", 0), "n1", "d1"), (key("web", 1), "n2", "d1")


def test_approvals_are_part_of_the_desired_state_and_outlive_the_manager(store: Store, path: Path) -> None:
    before = store.desired.snapshot()
    store.approvals.approve({ONE, OTHER}, "a" * 64, "tester", 7.0)
    assert store.desired.snapshot() is not before and store.desired.snapshot().approved == {ONE, OTHER}
    store.approvals.approve({ONE}, "b" * 64, "tester", 8.0)
    store.close()
    again = Store.open(path)
    assert again.approvals.all() == {ONE: 8.0, OTHER: 7.0}
    again.approvals.withdraw([OTHER, (key("db"), "n1", "d1")])
    assert again.desired.snapshot().approved == {ONE}
    again.close()
    last = Store.open(path)
    assert last.desired.snapshot().approved == {ONE}
    last.close()


def test_nothing_to_approve_or_to_withdraw_changes_nothing(store: Store) -> None:
    before = store.desired.snapshot()
    store.approvals.approve((), "a" * 64, "tester", 7.0)
    store.approvals.withdraw([ONE])
    assert store.desired.snapshot() is before

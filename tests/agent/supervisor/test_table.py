"""What the table of instances remembers, and for how long."""

import pytest

from agent.supervisor import table as tables
from agent.supervisor.instance import Instance, Superseded
from agent.supervisor.table import InstanceTable
from reconciler.wire.messages import InstanceKey
from tests.agent.supervisor.memory_runtime import a_deploy, a_stop

WEB = InstanceKey("shop", "web", 0)


def stopped(table: InstanceTable, key: InstanceKey, version: int) -> None:
    table.update(key, lambda one: one.accept(a_stop(version=version), ()).take())
    table.update(key, lambda one: one.finish(1, one.goal))


def test_memory_of_what_is_gone_is_bounded_and_of_what_runs_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "REMEMBERED_MAX", 3)
    table = InstanceTable()
    stopped(table, WEB, 9)
    for number in range(5):
        stopped(table, InstanceKey("old", "web", number), 4)
    table.forget_gone({WEB})
    assert [key.instance for key in table.all() if key.business_id == "old"] == [3, 4]
    assert table.get(WEB).newest == 9


def test_what_is_refused_leaves_no_trace() -> None:
    table = InstanceTable()
    stopped(table, WEB, 9)
    before = table.get(WEB)
    with pytest.raises(Superseded):
        table.update(WEB, lambda one: one.accept(a_deploy(version=8), ()))
    assert table.get(WEB) == before


def test_a_goal_is_in_one_hand_at_a_time() -> None:
    table = InstanceTable()
    assert table.take(WEB) is None
    assert table.update(WEB, lambda one: one.accept(a_deploy(), ())).is_new_goal
    assert table.take(WEB) is None, "its image is not here"
    table.update(WEB, lambda one: one.downloaded(1))
    task = table.take(WEB)
    assert task is not None and task.goal == a_deploy()
    assert table.take(WEB) is None, "somebody is at it"
    assert table.is_current(task)
    table.update(WEB, lambda one: one.accept(a_stop(version=2), ()))
    assert not table.is_current(task)
    assert table.take(WEB) is None, "somebody is still at the older goal"
    table.update(WEB, lambda one: one.finish(task.generation, None))
    stop = table.take(WEB)
    assert stop is not None and stop.goal == a_stop(version=2)


def test_what_was_never_seen_is_an_instance_at_rest() -> None:
    assert InstanceTable().get(WEB) == Instance()

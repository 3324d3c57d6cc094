"""What the supervisor's memory keeps, and for how long."""

import pytest

from agent.supervisor import ledger as ledgers
from agent.supervisor.inventory import Inventory
from agent.supervisor.ledger import STALE_SECONDS, Ledger, Note
from reconciler.wire.messages import InstanceKey, InstanceReport, Status
from tests.agent.supervisor.memory_runtime import MemoryRuntime, a_deploy

WEB = InstanceKey("shop", "web", 0)


def a_ledger() -> tuple[Ledger, list[InstanceReport]]:
    """A ledger of one running instance."""
    told: list[InstanceReport] = []
    runtime = MemoryRuntime()
    runtime.create(a_deploy())
    ledger = Ledger(told.append)
    ledger.inventories["docker"] = Inventory("docker", runtime, lambda: None)
    ledger.inventories["docker"].refresh()
    return ledger, told


def test_a_failed_update_that_nobody_tries_again_is_forgotten_where_the_old_version_runs() -> None:
    ledger, _ = a_ledger()
    note = Note(Status.FAILED, message="update to version 2 failed")
    ledger.entry(WEB).note = note
    ledger.expire()
    assert ledger.reports()[WEB].status is Status.FAILED
    ledger.entry(WEB).note = Note(Status.FAILED, message="x", since=note.since - STALE_SECONDS - 1)
    gone = InstanceKey("shop", "gone", 0)
    ledger.entry(gone).note = Note(Status.FAILED, message="x", since=note.since - STALE_SECONDS - 1)
    ledger.expire()
    assert ledger.reports()[WEB].status is Status.RUNNING
    assert ledger.reports()[gone].status is Status.FAILED, "nothing of it runs, so the failure is all there is"


def test_only_changes_are_told() -> None:
    ledger, told = a_ledger()
    ledger.tell_all()
    ledger.tell_all()
    ledger.tell(WEB)
    assert [report.status for report in told] == [Status.RUNNING]
    ledger.tell(WEB, always=True)
    assert len(told) == 2


def test_memory_of_what_is_gone_is_bounded_and_of_what_runs_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "REMEMBERED", 3)
    ledger, _ = a_ledger()
    ledger.entry(WEB).newest = 9
    for number in range(5):
        ledger.entry(InstanceKey("old", "web", number)).newest = 4
    ledger.forget()
    assert [key.instance for key in ledger.entries if key.business_id == "old"] == [3, 4]
    assert ledger.newest(WEB) == 9

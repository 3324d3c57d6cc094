"""State and health, as Engines of different ages tell them."""

from typing import Any

import pytest

from agent.engine.condition import Condition, as_inspected, condition_of
from agent.engine.details import Details
from agent.engine.status import status_of
from reconciler.wire.messages import Status


@pytest.mark.parametrize(
    ("listed", "condition", "status"),
    [
        ({"State": "running", "Status": "Up 2 minutes"}, Condition("running"), Status.RUNNING),
        ({"State": "running", "Status": "Up 2 minutes (healthy)"}, Condition("running", "healthy"), Status.RUNNING),
        ({"State": "running", "Status": "Up (unhealthy)"}, Condition("running", "unhealthy"), Status.FAILED),
        ({"State": "running", "Status": "Up (health: starting)"}, Condition("running", "starting"), Status.STARTING),
        (
            {"State": "running", "Status": "Up 2 minutes", "Health": {"Status": "unhealthy"}},
            Condition("running", "unhealthy"),
            Status.FAILED,
        ),
        (
            {"State": "running", "Status": "Up 2 minutes", "Health": {"Status": "none"}},
            Condition("running"),
            Status.RUNNING,
        ),
        ({"State": "paused", "Status": "Up 2 minutes (Paused)"}, Condition("paused"), Status.FAILED),
        ({"State": "removing", "Status": "Removal In Progress"}, Condition("removing"), Status.STOPPING),
        ({"State": "exited", "Status": "Exited (0)"}, Condition("exited"), Status.STOPPED),
        ({"State": "created", "Status": "Created"}, Condition("created"), Status.FAILED),
    ],
)
def test_a_condition_is_read_and_makes_a_status(listed: dict[str, Any], condition: Condition, status: Status) -> None:
    assert condition_of(listed) == condition
    assert status_of(listed, Details(), making=False)[0] is status


def test_what_is_being_made_has_not_failed() -> None:
    assert status_of({"State": "created", "Status": "Created"}, Details(), making=True) == (Status.STARTING, "")


def test_a_later_inspect_call_knows_better() -> None:
    listed = {"Id": "c", "State": "running", "Status": "Up 2 minutes (healthy)"}
    later = as_inspected(listed, {"State": {"Status": "exited"}})
    assert condition_of(later) == Condition("exited")
    assert as_inspected(listed, {"State": {"Status": "running"}}) is listed
    created = {"Id": "c", "State": "created", "Status": "Created"}
    started = as_inspected(created, {"State": {"Status": "running", "Health": {"Status": "starting"}}})
    assert condition_of(started) == Condition("running", "starting")

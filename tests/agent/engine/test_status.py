"""What is said of a container that ended: the code, the cause, the last words, and what comes next."""

from typing import Any

import pytest

from agent.engine.details import Details
from agent.engine.status import status_of
from reconciler.wire.messages import Status


@pytest.mark.parametrize(
    ("details", "message"),
    [
        (Details(exit_code=3, output="no database"), "exited with code 3: no database"),
        (
            Details(exit_code=137, out_of_memory=True, memory_mb=8, output="loading"),
            "exited with code 137 (out of memory: it needs more than its memory_mb of 8): loading",
        ),
        (
            Details(exit_code=137, out_of_memory=True),
            "exited with code 137 (out of memory: it needs more than the node has)",
        ),
        (Details(exit_code=137, output="serving"), "exited with code 137 (killed): serving"),
        (
            Details(exit_code=4, output="cannot bind", restart_count=2, restarts_max=2),
            "exited with code 4: cannot bind; restarted 2 times: on-failure:2 allows no more",
        ),
    ],
)
def test_how_it_ended(details: Details, message: str) -> None:
    listed: dict[str, Any] = {"State": "exited", "Status": "Exited"}
    assert status_of(listed, details, making=False) == (Status.FAILED, message)


def test_the_engine_restarts_it() -> None:
    listed = {"State": "restarting", "Status": "Restarting (3) 1 second ago"}
    assert status_of(listed, Details(exit_code=3, output="a | b"), making=False) == (
        Status.FAILED,
        "exited with code 3: a | b; restarting",
    )

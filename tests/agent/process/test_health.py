"""A program's healthcheck, run on the host."""

import os
from pathlib import Path

import pytest

from agent.process.health import ProgramHealth
from reconciler.manifest.model import Healthcheck, TcpProbe
from reconciler.wire.messages import Status
from tests.agent.process.conftest import deploy


def health(folder: Path, check: Healthcheck | None) -> ProgramHealth:
    environment = {"PATH": os.environ["PATH"], "GREETING": "hello"}
    return ProgramHealth(deploy("sleep", "600", healthcheck=check).component, environment, str(folder))


def looked(folder: Path, check: Healthcheck) -> tuple[Status, str]:
    """What a check says that is due at once."""
    made = health(folder, check)
    made.resume(None, Status.STARTING)
    return made.look()


@pytest.mark.parametrize("check", [None, Healthcheck(test=("NONE",))])
def test_without_a_check_it_is_well_whenever_it_runs(tmp_path: Path, check: Healthcheck | None) -> None:
    made = health(tmp_path, check)
    assert (made.look(), made.verdict(), made.next_look()) == ((Status.RUNNING, ""), (Status.RUNNING, ""), float("inf"))


def test_it_starts_until_its_first_check(tmp_path: Path) -> None:
    made = health(tmp_path, Healthcheck(test=("CMD", "true"), interval=600.0))
    assert made.look() == made.verdict() == (Status.STARTING, "waiting for its healthcheck")
    assert made.next_look() > 0


@pytest.mark.parametrize(
    ("test", "status", "message"),
    [
        (("CMD", "true"), Status.RUNNING, ""),
        (("CMD-SHELL", 'test "$GREETING" = hello'), Status.RUNNING, ""),
        (("CMD", "false"), Status.FAILED, "unhealthy: code 1"),
        (("CMD-SHELL", "echo warming up; echo no luck >&2; exit 3"), Status.FAILED, "unhealthy: no luck"),
        (
            ("CMD", "no-such-program"),
            Status.FAILED,
            "unhealthy: [Errno 2] No such file or directory: 'no-such-program'",
        ),
    ],
)
def test_a_command_decides(tmp_path: Path, test: tuple[str, ...], status: Status, message: str) -> None:
    assert looked(tmp_path, Healthcheck(test=test, retries=1)) == (status, message)


def test_a_check_that_hangs_has_failed(tmp_path: Path) -> None:
    found = looked(tmp_path, Healthcheck(test=("CMD", "sleep", "600"), retries=1, timeout=0.01))
    assert found == (Status.FAILED, "unhealthy: no answer in 0.01 s")


def test_a_port_is_asked_on_this_host(tmp_path: Path) -> None:
    status, message = looked(tmp_path, Healthcheck(tcp=TcpProbe(port=9), retries=1, interval=0.0))
    assert (status, message) == (Status.FAILED, "unhealthy: connection refused on port 9")

"""How long a program has for its end, and its command before that."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.process import stop
from agent.process.record import InstanceFolder, Record
from agent.process.stop import end_program
from tests.agent.process.conftest import deploy


class Ends:
    """A clock that a command before the stop moves on, and how each end was asked for."""

    def __init__(self, pre_stop_seconds: float = 0.0) -> None:
        self.now = 100.0
        self.pre_stop_seconds = pre_stop_seconds
        self.asked: list[tuple[int, float]] = []
        self.ran: list[float] = []

    def end_session(self, session: int, sign: int, grace: float) -> tuple[int, ...]:
        self.asked.append((sign, grace))
        return ()

    def run(self, folder: InstanceFolder, record: Record, seconds: float) -> str:
        self.ran.append(seconds)
        self.now += self.pre_stop_seconds
        return ""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as made:
        yield made
        made.kill()


def ends(
    program: subprocess.Popen[bytes],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    within: float | None,
    takes: float = 0.0,
    **fields: Any,
) -> Ends:
    """How a program with a grace period of 60 s is ended."""
    made = Ends(takes)
    monkeypatch.setattr(stop, "monotonic", lambda: made.now)
    monkeypatch.setattr(stop, "end_session", made.end_session)
    monkeypatch.setattr(stop, "_run", made.run)
    record = Record(deploy=deploy("sleep", "600", stop_grace_period=60.0, **fields), container_id="c")
    end_program(program.pid, InstanceFolder(folder), record, within)
    return made


@pytest.mark.parametrize(("within", "grace"), [(None, 60.0), (0.0, 0.0), (5.0, 5.0), (600.0, 60.0)])
def test_it_has_its_grace_period_or_less_when_it_must_be_gone_sooner(
    program: subprocess.Popen[bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    within: float | None,
    grace: float,
) -> None:
    assert ends(program, tmp_path, monkeypatch, within, stop_signal="SIGINT").asked == [(2, grace)]


@pytest.mark.parametrize(
    ("within", "takes", "ran", "grace"),
    [
        (None, 20.0, [60.0], 40.0),
        (None, 60.0, [60.0], stop.STOP_SECONDS_MIN),
        (5.0, 2.0, [5.0], 3.0),
        (5.0, 5.5, [5.0], 0.0),
        (0.0, 0.0, [], 0.0),
    ],
)
def test_its_own_command_counts_against_its_time(
    program: subprocess.Popen[bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    within: float | None,
    takes: float,
    ran: list[float],
    grace: float,
) -> None:
    found = ends(program, tmp_path, monkeypatch, within, takes, pre_stop=("true",))
    assert (found.ran, [left for _, left in found.asked]) == (ran, [grace])


@pytest.mark.parametrize(
    ("words", "seconds", "failure"),
    [
        (("true",), 60.0, ""),
        (("sh", "-c", "exit 3"), 60.0, "exited with code 3"),
        (("no-such-program",), 60.0, "can't be started"),
        (("sleep", "600"), 0.0, "took all of the grace period"),
    ],
)
def test_a_command_that_fails_says_how(tmp_path: Path, words: tuple[str, ...], seconds: float, failure: str) -> None:
    folder = InstanceFolder(tmp_path)
    folder.make((), None)
    record = Record(deploy=deploy("sleep", "600", pre_stop=words), container_id="c")
    found = stop._run(folder, record, seconds)
    assert failure in found and bool(found) == bool(failure)

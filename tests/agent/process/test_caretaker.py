"""A program's life: started, adopted, started again, ended with everything it started."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from agent.process import caretaker, program, stop
from agent.process.record import InstanceFolder
from agent.runtime.contract import Running, RuntimeFailure
from agent.runtime.crash_backoff import CrashBackoff
from reconciler.manifest.model import Healthcheck
from reconciler.net.backoff import Backoff
from reconciler.wire.messages import InstanceKey, Status
from tests.agent.process.conftest import Programs, deploy

KEY = InstanceKey("shop", "web", 0)
DEAF = """sh -c 'trap "" TERM; echo $$ > {fifo}; while :; do sleep 600; done'"""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses between a program's runs."""
    monkeypatch.setattr(CrashBackoff, "pause", lambda self, ran: 0.0)
    monkeypatch.setattr(caretaker, "BACKOFF", Backoff(first=0.001, factor=1.0, most=0.001))


def living(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ended(running: Running) -> bool:
    return running.ended


def test_a_program_runs_until_it_is_stopped(programs: Programs) -> None:
    container_id = programs.runtime.create(deploy("sleep", "600"))
    pid = programs.pid()
    assert (programs.one().status, programs.one().container_id) == (Status.RUNNING, container_id)
    programs.runtime.stop(container_id)
    assert not living(pid)
    assert programs.runtime.list() == []
    assert not InstanceFolder.of(programs.root / "processes", KEY).path.exists()
    programs.runtime.stop(container_id)


def test_the_same_again_is_no_second_program(programs: Programs) -> None:
    first = programs.runtime.create(deploy("sleep", "600"))
    assert programs.runtime.create(deploy("sleep", "600")) == first


def test_another_version_takes_its_place(programs: Programs) -> None:
    programs.runtime.create(deploy("sleep", "600"))
    pid = programs.pid()
    programs.runtime.create(deploy("sleep", "601", digest="d2", version=2))
    assert not living(pid) and programs.pid() != pid
    assert programs.one().version == 2


def test_what_ignores_its_signal_is_killed_with_its_children(programs: Programs) -> None:
    fifo = programs.fifo()
    script = f"trap '' TERM; {DEAF.format(fifo=fifo)} & wait"
    container_id = programs.runtime.create(deploy("sh", "-c", script, stop_grace_period=600.0))
    pid, second = programs.pid(), int(fifo.read_text())
    programs.runtime.stop(container_id, 0.0)
    assert not living(pid) and not living(second)


def test_a_healthcheck_under_way_holds_up_no_stop(programs: Programs) -> None:
    fifo = programs.fifo()
    check = Healthcheck(test=("CMD-SHELL", f"echo $$ > {fifo}; exec sleep 600"), interval=0.001, timeout=600.0)
    container_id = programs.runtime.create(deploy("sleep", "600", healthcheck=check))
    checking = int(fifo.read_text())
    try:
        programs.runtime.stop(container_id)
        assert programs.runtime.list() == []
        assert living(checking)
    finally:
        os.kill(checking, signal.SIGKILL)


def test_what_does_not_end_is_not_said_to_have_ended(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    container_id = programs.runtime.create(deploy("sleep", "600"))
    pid = programs.pid()
    with monkeypatch.context() as patch:
        patch.setattr(stop, "end_session", lambda session, sign, grace: (session,))
        with pytest.raises(RuntimeFailure, match=f"does not end though it was killed: process {pid}"):
            programs.runtime.stop(container_id)
    assert programs.one().container_id == container_id
    programs.runtime.stop(container_id)
    assert not living(pid)


@pytest.mark.parametrize(
    ("script", "restart", "status", "message", "restarts"),
    [
        ("exit 0", "no", Status.STOPPED, "exited with code 0", 0),
        ("echo no luck; exit 3", "no", Status.FAILED, "exited with code 3: no luck", 0),
        ("kill -9 $$", "no", Status.FAILED, "ended by signal 9", 0),
        (
            *("echo no luck; exit 3", "on-failure:2", Status.FAILED),
            "exited with code 3: no luck | no luck | no luck; restarted 2 times: on-failure:2 allows no more",
            2,
        ),
    ],
)
def test_an_end_is_told_as_it_was(
    programs: Programs, script: str, restart: str, status: Status, message: str, restarts: int
) -> None:
    programs.runtime.create(deploy("sh", "-c", script, restart=restart))
    found = programs.wait(ended)
    assert (found.status, found.message, found.restart_count) == (status, message, restarts)


def test_what_dies_is_started_again(programs: Programs) -> None:
    programs.runtime.create(deploy("sleep", "600"))
    pid = programs.pid()
    os.kill(pid, signal.SIGKILL)
    programs.wait(lambda one: one.restart_count == 1 and one.status is Status.RUNNING)
    assert programs.pid() != pid


def test_what_a_program_leaves_behind_ends_with_it(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "LEFTOVER_SECONDS", 0.0)
    fifo, go = programs.fifo(), programs.fifo()
    programs.runtime.create(deploy("sh", "-c", f"{DEAF.format(fifo=fifo)} & read word < {go}", restart="no"))
    left = int(fifo.read_text())
    go.write_text("go\n")
    programs.wait(ended)
    assert not living(left)


def test_an_unhealthy_program_is_started_again(programs: Programs, tmp_path: Path) -> None:
    well = tmp_path / "well"
    well.touch()
    check = Healthcheck(test=("CMD-SHELL", f"test -e {well} || {{ touch {well}; exit 1; }}"), interval=0.01, retries=1)
    programs.runtime.create(deploy("sleep", "600", healthcheck=check))
    programs.wait(lambda one: one.status is Status.RUNNING)
    pid = programs.pid()
    well.unlink()
    programs.wait(lambda one: one.restart_count == 1 and one.status is Status.RUNNING)
    assert not living(pid)


def test_the_next_agent_adopts_what_runs(programs: Programs) -> None:
    container_id = programs.runtime.create(deploy("sleep", "600"))
    pid = programs.pid()
    programs.runtime.close()
    programs.open()
    assert (programs.one().container_id, programs.pid()) == (container_id, pid)
    programs.runtime.stop(container_id)
    assert not living(pid)


def test_what_was_started_and_not_noted_is_found(programs: Programs) -> None:
    container_id = programs.runtime.create(deploy("sleep", "600"))
    pid = programs.pid()
    programs.runtime.close()
    programs.runtime._caretakers[KEY].program.note(pid=None, ticks=None)
    programs.open()
    assert (programs.one().container_id, programs.pid()) == (container_id, pid)


def test_what_ended_while_no_agent_watched_runs_again(programs: Programs) -> None:
    programs.runtime.create(deploy("sleep", "600"))
    pid = programs.pid()
    programs.runtime.close()
    os.kill(pid, signal.SIGKILL)
    programs.open()
    programs.wait(lambda one: one.restart_count == 1 and one.status is Status.RUNNING)
    assert programs.pid() != pid


def test_a_reused_pid_is_left_alone(programs: Programs) -> None:
    container_id = programs.runtime.create(deploy("sleep", "600", restart="no"))
    pid = programs.pid()
    programs.runtime.close()
    programs.runtime._caretakers[KEY].program.note(ticks=1)
    programs.open()
    programs.runtime.stop(container_id)
    assert living(pid)
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (deploy("/no/such/program"), "can't be started"),
        (deploy("sleep", "600", working_dir="/no/such/folder"), "/no/such/folder"),
        (deploy("sleep", "600", user="nobody-here"), "user 'nobody-here' is not known on this node"),
    ],
)
def test_what_cannot_start_says_why_and_leaves_nothing(programs: Programs, wanted: object, reason: str) -> None:
    with pytest.raises(RuntimeFailure, match=reason):
        programs.runtime.create(wanted)  # type: ignore[arg-type]
    assert programs.runtime.list() == []

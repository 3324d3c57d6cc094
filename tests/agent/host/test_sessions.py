"""Ending a session keeps to its deadline, whatever a look at /proc costs: on a kernel and a clock of the test's own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import psutil
import pytest

from agent.host.sessions import GIVE_UP_SECONDS, HANDLES_MAX, Kernel, end_session, session_members

LEADER = 5_000_000  # no kernel has so many
TERM, KILL = signal.SIGTERM, signal.SIGKILL


@dataclass
class Process:
    """A process that ends at the signals in `heeds`, `lasts` seconds after them."""

    session: int = LEADER
    group: int = LEADER
    heeds: tuple[int, ...] = (TERM, KILL)
    lasts: float = 0.0
    ends: float | None = None
    got: list[tuple[int, float]] = field(default_factory=list)


class SlowKernel(Kernel):
    """Processes in a dictionary; each that a look passes takes `look_seconds` on the clock. Handles are pids."""

    def __init__(self, processes: dict[int, Process], look_seconds: float = 0.0, strangers: int = 0) -> None:
        self.clock = 0.0
        self.look_seconds = look_seconds
        self.processes = processes | {10_000 + n: Process(10_000 + n, 10_000 + n) for n in range(strangers)}
        self.looks = 0
        self.open_handles: set[int] = set()
        self.born: dict[int, tuple[int, Process]] = {}

    def now(self) -> float:
        return self.clock

    def pids(self) -> Iterator[int]:
        self.looks += 1
        for pid in list(self.processes):
            self.clock += self.look_seconds
            yield pid

    def alive(self, pid: int) -> bool:
        process = self.processes.get(pid)
        return process is not None and (process.ends is None or process.ends > self.clock)

    def session(self, pid: int) -> int | None:
        return self.processes[pid].session if pid in self.processes else None

    def group(self, pid: int) -> int | None:
        return self.processes[pid].group if pid in self.processes else None

    def open(self, pid: int) -> int | None:
        if not self.alive(pid):
            return None
        self.open_handles.add(pid)
        return pid

    def close(self, handle: int) -> None:
        self.open_handles.remove(handle)

    def send(self, handle: int, sign: int) -> None:
        process = self.processes[handle]
        process.got.append((sign, self.clock))
        if sign in process.heeds and process.ends is None:
            process.ends = self.clock + process.lasts
        if handle in self.born:
            child, born = self.born.pop(handle)
            self.processes[child] = born

    def send_group(self, group: int, sign: int) -> None:
        for pid in [pid for pid, process in self.processes.items() if process.group == group]:
            if self.alive(pid):
                self.send(pid, sign)

    def wait(self, handles: Iterable[int], seconds: float) -> set[int]:
        known = list(handles)
        ends = [self.processes[pid].ends for pid in known]
        self.clock = min([self.clock + seconds, *(max(end, self.clock) for end in ends if end is not None)])
        return {pid for pid in known if not self.alive(pid)}

    def living(self) -> list[int]:
        return [pid for pid, process in self.processes.items() if process.session == LEADER and self.alive(pid)]


def stubborn(**more: int) -> Process:
    return Process(heeds=(KILL,), **more)


@pytest.mark.parametrize("look_seconds", [0.0, 0.001, 0.05, 0.2])
def test_the_kill_goes_out_at_the_deadline_whatever_a_look_costs(look_seconds: float) -> None:
    kernel = SlowKernel({LEADER: stubborn(), LEADER + 1: stubborn()}, look_seconds, strangers=200)
    assert end_session(LEADER, TERM, 5.0, kernel) == ()
    for pid in (LEADER, LEADER + 1):
        (told, at), (killed, then) = kernel.processes[pid].got[:2]
        assert (told, at, killed) == (TERM, 0.0, KILL)
        assert 5.0 <= then <= 5.0 + look_seconds
    assert kernel.living() == []
    assert not kernel.open_handles
    assert all(process.got == [] for process in kernel.processes.values() if process.session != LEADER)


def test_waiting_costs_no_looks() -> None:
    kernel = SlowKernel({LEADER: Process(lasts=60.0), LEADER + 1: Process(lasts=30.0)})
    assert end_session(LEADER, TERM, 600.0, kernel) == ()
    assert (kernel.clock, kernel.looks) == (60.0, 2)
    assert kernel.processes[LEADER].got == [(TERM, 0.0)]


def test_no_time_is_killed_at_once() -> None:
    kernel = SlowKernel({LEADER: Process(lasts=60.0, heeds=(TERM,)), LEADER + 1: stubborn()}, look_seconds=1.0)
    kernel.processes[LEADER].heeds = (KILL,)
    kernel.processes[LEADER].lasts = 0.0
    assert end_session(LEADER, TERM, 0.0, kernel) == ()
    assert kernel.processes[LEADER].got[-1] == (KILL, 1.0)


def test_members_outside_of_the_leaders_group_are_told_once_and_killed() -> None:
    kernel = SlowKernel(
        {LEADER: Process(), LEADER + 1: Process(group=LEADER + 1, lasts=1.0), LEADER + 2: stubborn(group=LEADER + 2)},
        0.01,
    )
    assert end_session(LEADER, TERM, 5.0, kernel) == ()
    assert [sign for sign, _ in kernel.processes[LEADER + 1].got] == [TERM]
    assert [sign for sign, _ in kernel.processes[LEADER + 2].got] == [TERM, KILL]


def test_what_outlives_its_leader_is_found() -> None:
    kernel = SlowKernel({LEADER: Process(ends=-1.0), LEADER + 1: stubborn(group=LEADER + 1)})
    assert end_session(LEADER, TERM, 1.0, kernel) == ()
    assert kernel.living() == []


def test_what_is_started_at_the_last_moment_is_killed_too() -> None:
    kernel = SlowKernel({LEADER: Process()})
    kernel.born[LEADER] = (LEADER + 2, stubborn(group=LEADER + 2))
    assert end_session(LEADER, TERM, 1.0, kernel) == ()
    assert [sign for sign, _ in kernel.processes[LEADER + 2].got] == [TERM, KILL]


def test_what_no_kill_ends_is_told_and_not_waited_for_without_end() -> None:
    kernel = SlowKernel({LEADER: Process(heeds=()), LEADER + 1: Process()})
    assert end_session(LEADER, TERM, 1.0, kernel) == (LEADER,)
    assert kernel.clock == 1.0 + GIVE_UP_SECONDS
    assert not kernel.open_handles


def test_more_members_than_handles_all_end() -> None:
    members = {LEADER + n: stubborn(group=LEADER + n) for n in range(3 * HANDLES_MAX)}
    kernel = SlowKernel(members)
    assert end_session(LEADER, TERM, 1.0, kernel) == ()
    assert kernel.living() == []


@pytest.mark.parametrize("session", [-1, 0, 1, os.getpgrp()])
def test_no_other_session_than_a_programs_is_ended(session: int) -> None:
    with pytest.raises(AssertionError, match="rule 1"):
        end_session(session, TERM, 1.0, SlowKernel({}))


def test_nothing_there_is_no_failure() -> None:
    assert end_session(LEADER, TERM, 1.0, SlowKernel({}, strangers=3)) == ()


IGNORES = "import signal, sys; signal.signal(15, signal.SIG_IGN); print(1, flush=True); signal.pause()"
TWO_GROUPS = (
    "import os, signal, subprocess, sys; signal.signal(15, signal.SIG_IGN)\n"
    "subprocess.Popen([sys.executable, '-c', sys.argv[1]], process_group=0)\n"
    "signal.pause()"
)


def test_a_real_session_of_two_groups_that_ignores_its_signal_ends() -> None:
    command = [sys.executable, "-c", TWO_GROUPS, IGNORES]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE) as leader:
        assert leader.stdout is not None
        leader.stdout.readline()
        assert len(session_members(leader.pid)) == 2
        assert end_session(leader.pid, TERM, 0.0) == ()
        assert leader.wait() == -KILL
        left = [psutil.Process(pid).status() for pid in session_members(leader.pid)]
        assert set(left) <= {psutil.STATUS_ZOMBIE}, "nobody may have waited for the second one yet"

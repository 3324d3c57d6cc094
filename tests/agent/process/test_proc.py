"""What the kernel tells of processes."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator

import pytest

from agent.process.proc import find_marked, signal_number, start_ticks, wait_exit


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    environment = {"MARK": "one of a kind", "PATH": os.environ["PATH"]}
    with subprocess.Popen(["sleep", "600"], start_new_session=True, env=environment) as made:
        yield made
        made.kill()


@pytest.fixture
def wake() -> Iterator[int]:
    descriptor = os.eventfd(0)
    yield descriptor
    os.close(descriptor)


def test_a_pid_and_its_start_name_a_process_for_ever(child: subprocess.Popen[bytes], wake: int) -> None:
    ticks = start_ticks(child.pid)
    assert ticks is not None and start_ticks(child.pid) == ticks
    child.kill()
    assert wait_exit(child.pid, 120.0, wake)
    assert start_ticks(child.pid) is None, "a zombie is none"
    child.wait()
    assert start_ticks(child.pid) is None


def test_a_mark_leads_to_its_process(child: subprocess.Popen[bytes]) -> None:
    assert find_marked("MARK", "one of a kind") == child.pid
    assert find_marked("MARK", "one of") is None


def test_a_wait_ends_when_it_is_woken(child: subprocess.Popen[bytes], wake: int) -> None:
    waker = threading.Thread(target=os.eventfd_write, args=(wake, 1))
    waker.start()
    assert not wait_exit(child.pid, 120.0, wake)
    waker.join()


def test_what_has_gone_is_not_waited_for(wake: int) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    assert wait_exit(gone.pid, 120.0, wake)


@pytest.mark.parametrize("name", ["SIGINT", "int", "INT", "2"])
def test_a_signal_has_many_spellings(name: str) -> None:
    assert signal_number(name) == signal.SIGINT


def test_without_a_name_it_is_told_to_terminate() -> None:
    assert signal_number(None) == signal_number("") == signal.SIGTERM

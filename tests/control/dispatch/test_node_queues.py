"""One queue a node: order within, independence between."""

import threading

import pytest

from reconciler.control.dispatch.node_queues import DOUBTFUL_THREADS_MAX, THREADS_MAX, NodeQueues


def test_jobs_of_a_node_run_in_order() -> None:
    queues = NodeQueues()
    ran: list[int] = []
    done = threading.Event()

    def job(number: int) -> bool:
        ran.append(number)
        if number == 9:
            done.set()
        return True

    for number in range(10):
        queues.put("a", number, lambda number=number: job(number))
    assert done.wait(10)
    queues.close()
    assert ran == list(range(10))


def test_any_number_of_dead_nodes_delays_no_other() -> None:
    queues = NodeQueues()
    release, failed, reached = threading.Event(), threading.Semaphore(0), threading.Event()
    dead = [f"dead-{number}" for number in range(THREADS_MAX + DOUBTFUL_THREADS_MAX)]

    def fails() -> bool:
        failed.release()
        return False

    def hangs() -> bool:
        release.wait(30)
        return False

    for node in dead:
        queues.put(node, "first", fails)
    for _ in dead:
        assert failed.acquire(timeout=10)
    for node in dead:
        queues.put(node, "second", hangs)
    queues.put("alive", "first", lambda: bool(reached.set()) or True)
    assert reached.wait(10)
    release.set()
    queues.close()


def test_a_newer_job_replaces_one_that_waits() -> None:
    queues = NodeQueues()
    began, release, done = threading.Event(), threading.Event(), threading.Event()
    ran: list[str] = []

    def blocks() -> bool:
        began.set()
        return release.wait(10)

    queues.put("a", "other", blocks)
    assert began.wait(10)
    queues.put("a", "x", lambda: ran.append("old") is None)
    queues.put("a", "x", lambda: (ran.append("new"), done.set()) is not None)
    release.set()
    assert done.wait(10)
    queues.close()
    assert ran == ["new"]


def test_a_call_that_goes_wrong_in_an_unexpected_way_keeps_no_other_waiting() -> None:
    """Rule 16."""
    queues = NodeQueues()
    done = threading.Event()

    def goes_wrong() -> bool:
        raise RuntimeError("nobody thought of this")

    queues.put("a", "x", goes_wrong)
    queues.put("a", "y", lambda: bool(done.set()) or True)
    assert done.wait(10)
    queues.close()


def test_after_the_end_nothing_begins() -> None:
    queues = NodeQueues()
    queues.close()
    queues.put("a", "x", lambda: pytest.fail("it began"))

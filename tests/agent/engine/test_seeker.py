"""When a node may be reported although its Docker Engine was not found."""

from agent.engine.seeker import EngineSeeker
from agent.runtime.contract import Runtime, RuntimeFailure
from tests.agent.supervisor.memory_runtime import MemoryRuntime


def seeker(connects: bool, expected: bool, required: bool = False) -> tuple[EngineSeeker, list[Runtime]]:
    found: list[Runtime] = []

    def connect() -> Runtime:
        if not connects:
            raise RuntimeFailure("no Docker Engine answers on this node")
        return MemoryRuntime()

    one = EngineSeeker(connect, found.append, required, lambda: expected)
    one.start()
    one.close()
    return one, found


def test_an_engine_that_answers_is_offered() -> None:
    one, found = seeker(connects=True, expected=True)
    assert one.is_complete()
    assert len(found) == 1


def test_a_node_without_one_is_complete_and_nobody_asks() -> None:
    one, found = seeker(connects=True, expected=False)
    assert one.is_complete()
    assert found == []


def test_one_that_should_be_there_is_waited_for() -> None:
    one, found = seeker(connects=False, expected=True)
    assert not one.is_complete()
    assert found == []


def test_one_that_is_required_is_waited_for_without_end() -> None:
    one, _ = seeker(connects=False, expected=False, required=True)
    assert not one.is_complete()

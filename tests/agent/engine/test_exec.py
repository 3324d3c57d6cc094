"""Reading the Engine's stream of an exec: nothing is lost or mistaken, however it arrives."""

import socket
import struct
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from agent.engine.exec import DockerExecution
from agent.runtime.contract import SILENCE, NotRunnable

STREAMS = {"stdout": 1, "stderr": 2}
OUTPUT = [("stdout", b"first"), ("stderr", b"second")]


def written(output: list[tuple[str, bytes]]) -> bytes:
    """The output as the Engine writes it."""
    return b"".join(struct.pack(">BxxxL", STREAMS[stream], len(data)) + data for stream, data in output)


class Engine:
    """One exec of an Engine: the near end of its connection, and what it says of the command."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.buffer = self.near.makefile("rb")
        self.state: dict[str, Any] = {"Running": False, "ExitCode": 3, "Pid": 0}

    def exec_create(self, container_id: str, command: list[str]) -> dict[str, str]:
        return {"Id": "e1"}

    def exec_start(self, exec_id: str, socket: bool) -> Any:
        stream: Any = self.buffer.raw  # type: ignore[attr-defined]
        stream._response = SimpleNamespace(raw=SimpleNamespace(_fp=SimpleNamespace(fp=self.buffer)), close=lambda: None)
        return stream

    def exec_inspect(self, exec_id: str) -> dict[str, Any]:
        return self.state


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.near.close()
    made.far.close()


def told(execution: DockerExecution) -> list[tuple[str, bytes]]:
    """What it wrote, its pieces put together where they follow each other."""
    joined: list[tuple[str, bytes]] = []
    for stream, data in execution.output():
        if (stream, data) == SILENCE:
            continue
        if joined and joined[-1][0] == stream:
            joined[-1] = (stream, joined[-1][1] + data)
        else:
            joined.append((stream, data))
    return joined


def test_output_that_came_with_the_answer_is_not_lost(engine: Engine) -> None:
    engine.far.sendall(written(OUTPUT)[:-3])
    assert engine.buffer.peek(1), "the library has read ahead"  # type: ignore[attr-defined]
    execution = DockerExecution(engine, "c1", ["x"])  # type: ignore[arg-type]
    engine.far.sendall(written(OUTPUT)[-3:])
    engine.far.close()
    assert told(execution) == OUTPUT
    assert execution.exit_code() == 3


@pytest.mark.parametrize("size", [1, 7, 8, 13, 65_536])
def test_output_may_arrive_in_any_pieces(engine: Engine, size: int) -> None:
    data = written([("stdout", b""), *OUTPUT, ("stderr", b""), ("stdout", b"\x01" * 500)])
    execution = DockerExecution(engine, "c1", ["x"])  # type: ignore[arg-type]

    def send() -> None:
        for place in range(0, len(data), size):
            engine.far.sendall(data[place : place + size])
        engine.far.close()

    sender = threading.Thread(target=send)
    sender.start()
    assert told(execution) == [*OUTPUT, ("stdout", b"\x01" * 500)]
    sender.join()


def test_the_engines_own_words_are_no_output(engine: Engine) -> None:
    words = b'OCI runtime exec failed: exec failed: exec: "x": executable file not found in $PATH: unknown\r\n'
    engine.far.sendall(written([("stdout", words)]))
    engine.far.close()
    execution = DockerExecution(engine, "c1", ["x"])  # type: ignore[arg-type]
    assert told(execution) == []
    with pytest.raises(NotRunnable, match="there is no program 'x' in the container"):
        execution.exit_code()


def test_a_program_may_say_the_engines_words(engine: Engine) -> None:
    output = [("stdout", b"OCI runtime exec failed, they say")]
    engine.far.sendall(written(output))
    engine.far.close()
    engine.state["Pid"] = 4711
    execution = DockerExecution(engine, "c1", ["x"])  # type: ignore[arg-type]
    assert told(execution) == output
    assert execution.exit_code() == 3


def test_what_the_engine_is_still_starting_is_ended_once_it_has_a_process(engine: Engine) -> None:
    states = iter([{"Running": True, "Pid": 0}, {"Running": True, "Pid": 0}, {"Running": False, "Pid": 0}])
    engine.exec_inspect = lambda exec_id: next(states)  # type: ignore[method-assign]
    assert DockerExecution(engine, "c1", ["x"]).end() is True  # type: ignore[arg-type]


def test_a_process_that_is_not_the_containers_is_left_alone(engine: Engine) -> None:
    engine.state |= {"Running": True, "Pid": 1}
    execution = DockerExecution(engine, "no container of this machine", ["x"])  # type: ignore[arg-type]
    assert execution.end() is False

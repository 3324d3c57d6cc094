"""Commands inside containers, over the Engine's exec.

The Engine can start such a command but not end it. So it is ended by its pid where that is a process of the
container as seen from here, and is only let go of elsewhere (an Engine on another machine, an agent in a container).
"""

import signal
import socket as sockets
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from docker import APIClient
from docker.errors import APIError, NotFound

from agent.engine.errors import CONFLICT, exec_reason, explanation, is_exec_refusal, readable
from agent.host.sessions import PROC, end_session
from agent.runtime.contract import (
    END_SECONDS,
    PIECE_BYTES_MAX,
    SILENCE,
    TICK_SECONDS,
    NotRunnable,
    NotRunning,
    Piece,
    RuntimeFailure,
)

FOLLOWING = "cannot follow the command"
HEADER = struct.Struct(">BxxxL")
"""Before each piece of output the Engine writes which stream it is of and how long it is."""

STDERR = 2
BEGIN_SECONDS_MAX = 60.0
"""How long a command that is to be ended is given to be seen, where the Engine is still starting it."""


class DockerExecution:
    """A command in a container, from its start. Implements `agent.runtime.contract.Execution`."""

    def __init__(self, client: APIClient, container_id: str, command: Sequence[str]) -> None:
        """Start it. Raises NotRunning and RuntimeFailure."""
        self._client = client
        self._container_id = container_id
        self._program = command[0]
        self._refusal = b""
        with readable("cannot run the command"):
            try:
                self._id = client.exec_create(container_id, list(command))["Id"]
            except APIError as error:
                if error.status_code == CONFLICT:
                    reason = explanation(error).replace(container_id, container_id[:12])
                    raise NotRunning(f"a command can't be run there now: {reason}") from None
                raise
            self._response, self._socket, self._early = _open(client, self._id)

    def output(self) -> Iterator[Piece]:
        """Read what the command writes; what the Engine says when there is no such program is kept for `exit_code`."""
        with readable(FOLLOWING):
            for stream, data in _pieces(self._received()):
                if self._refusal or is_exec_refusal(data):
                    self._refusal += data
                else:
                    yield stream, data
            if self._refusal and self._state()["Pid"]:
                yield "stdout", self._refusal
                self._refusal = b""
            while self._state()["Running"]:
                threading.Event().wait(TICK_SECONDS)
                yield SILENCE

    def exit_code(self) -> int:
        """Return the exit code that the Engine knows. Raises NotRunnable and RuntimeFailure."""
        if self._refusal:
            raise NotRunnable(exec_reason(self._refusal.decode("utf-8", "replace"), self._program))
        with readable(FOLLOWING):
            code = self._state()["ExitCode"]
        if code is None:
            raise RuntimeFailure("the Engine does not say how the command ended")
        return int(code)

    def end(self) -> bool:
        """Let go of the command, after ending it and its session if they can be seen from here."""
        try:
            with readable(FOLLOWING):
                state = self._begun()
                return not state["Running"] or self._kill(int(state["Pid"]))
        except RuntimeFailure:
            return False
        finally:
            _shut(self._socket)
            self._response.close()

    def _state(self) -> dict[str, Any]:
        try:
            state: dict[str, Any] = self._client.exec_inspect(self._id)
        except NotFound:
            raise RuntimeFailure("the container has gone, and the command with it") from None
        return state

    def _begun(self) -> dict[str, Any]:
        """Its state, once it has a process, has ended, or can't be waited for any longer.

        A slow Engine accepts a command well before it has a process: ending it then would end nothing.
        """
        deadline = time.monotonic() + BEGIN_SECONDS_MAX
        while (state := self._state())["Running"] and not state["Pid"] and time.monotonic() < deadline:
            threading.Event().wait(TICK_SECONDS)
        return state

    def _received(self) -> Iterator[bytes]:
        """The bytes as they come, none after each tick of silence."""
        yield self._early
        while True:
            try:
                data = self._socket.recv(PIECE_BYTES_MAX)
            except TimeoutError:
                yield b""
                continue
            if not data:
                return
            yield data

    def _kill(self, pid: int) -> bool:
        """End the process, if that pid is one of the container's here; whether it has ended.

        The Engine makes a command the leader of a session of its own.
        """
        try:
            ours = self._container_id in (PROC / str(pid) / "cgroup").read_text()
        except OSError:
            ours = False
        if ours:
            return pid not in end_session(pid, signal.SIGTERM, END_SECONDS)
        return False


def _open(client: APIClient, exec_id: str) -> tuple[Any, sockets.socket, bytes]:
    """Start an exec: the Engine's response, its socket with a timeout of a tick, and what was read of it already.

    The library hands out the socket below its buffer. Of a quick command's output, some may be in that buffer.
    """
    stream: Any = client.exec_start(exec_id, socket=True)
    socket: sockets.socket = getattr(stream, "_sock", stream)
    response = stream._response
    buffer = response.raw._fp.fp
    socket.setblocking(False)
    try:
        early: bytes = buffer.read1(len(buffer.peek(1)))
    except ssl.SSLWantReadError:
        early = b""
    socket.settimeout(TICK_SECONDS)
    return response, socket, early


def _pieces(received: Iterator[bytes]) -> Iterator[Piece]:
    """The Engine's stream taken apart; silence stays silence."""
    pending = b""
    stream: Literal["stdout", "stderr"] = "stdout"
    left = 0
    for data in received:
        if not data:
            yield SILENCE
        pending += data
        while pending if left else len(pending) >= HEADER.size:
            if not left:
                kind, left = HEADER.unpack_from(pending)
                stream = "stderr" if kind == STDERR else "stdout"
                pending = pending[HEADER.size :]
                continue
            piece, pending = pending[:left], pending[left:]
            left -= len(piece)
            yield stream, piece


def _shut(socket: sockets.socket) -> None:
    """Have whoever reads from it find its end."""
    try:
        socket.shutdown(sockets.SHUT_RDWR)
    except OSError:
        return

"""Probes against real listeners on loopback, well-behaved and not."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from agent.runtime.probe import ANSWER_BYTES_MAX, attempt, status_of
from reconciler.manifest.model import Healthcheck, HttpProbe, TcpProbe
from tests.support.processes import free_port

HOST = "127.0.0.1"


@contextmanager
def server(answer: bytes, hang_up: bool = True) -> Iterator[tuple[int, list[bytes]]]:
    """Answers one connection with this; its port, and what it was asked."""
    asked: list[bytes] = []
    let_go = threading.Event()
    with socket.create_server((HOST, 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(4096))
                try:
                    connection.sendall(answer)
                except OSError:
                    return
                if not hang_up:
                    let_go.wait(10)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], asked
        let_go.set()
        thread.join(10)


def http(port: int, path: str = "/", timeout: float = 5) -> Healthcheck:
    return Healthcheck(http=HttpProbe(port=port, path=path), timeout=timeout)


@pytest.mark.parametrize("status", [200, 204, 301, 399])
def test_a_good_status_is_well_and_no_redirect_is_followed(status: int) -> None:
    with server(f"HTTP/1.1 {status} X\r\nLocation: http://nowhere.invalid/\r\n\r\n".encode()) as (port, asked):
        assert attempt(http(port, "/up?x=1 2"), HOST) == ""
    head = asked[0].decode().split("\r\n")
    assert head[0] == "GET /up?x=1%202 HTTP/1.1"
    assert f"Host: {HOST}:{port}" in head


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.0 500 Oh\r\n\r\n", "GET / on port {port} answers 500"),
        (b"HTTP/1.1 404\r\n\r\n", "GET / on port {port} answers 404"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "what answers on port {port} is not HTTP"),
        (b"", "what answers on port {port} is not HTTP"),
    ],
)
def test_anything_else_is_not(answer: bytes, reason: str) -> None:
    with server(answer) as (port, _):
        assert attempt(http(port), HOST) == reason.format(port=port)


def test_a_body_without_end_is_not_read() -> None:
    with server(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * ANSWER_BYTES_MAX * 400) as (port, _):
        assert attempt(http(port), HOST) == ""


def test_silence_is_an_answer_after_the_timeout() -> None:
    with server(b"HTTP/1.1 200", hang_up=False) as (port, _):
        assert attempt(http(port, timeout=0.1), HOST) == f"no answer on port {port} in 0.1 s"


def test_a_port_takes_a_connection_or_not() -> None:
    port = free_port()
    check = Healthcheck(tcp=TcpProbe(port=port), timeout=5)
    assert attempt(check, HOST) == f"connection refused on port {port}"
    assert attempt(http(port), HOST) == f"connection refused on port {port}"
    with socket.create_server((HOST, port)):
        assert attempt(check, HOST) == ""


def test_without_an_address_it_says_so() -> None:
    assert attempt(http(80), "") == "port 80 can't be probed: the container has no address of its own"


@pytest.mark.parametrize(("line", "status"), [(b"HTTP/1.1 200 OK\r\n", 200), (b"HTTP/2 503\r\n", 503)])
def test_the_status_is_read(line: bytes, status: int) -> None:
    assert status_of(line) == status

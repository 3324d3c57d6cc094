"""What callers of a peer can rely on, through real sockets."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from reconciler.net.http_client import HttpClient, Reply, Silent, Timeouts, Unreachable

TIMEOUTS = Timeouts(connect=5.0, read=5.0)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Peer:
    """Answers every request with the same bytes and keeps its connections; what it heard, by connection."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.heard: list[list[bytes]] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        try:
            while True:
                connection, _ = self._socket.accept()
                heard: list[bytes] = []
                self.heard.append(heard)
                threading.Thread(target=self._serve, args=(connection, heard), daemon=True).start()
        except OSError:
            return

    def _serve(self, connection: socket.socket, heard: list[bytes]) -> None:
        with connection, connection.makefile("rb") as stream:
            while head := b"".join(iter(stream.readline, b"\r\n") if stream.peek() else ()):
                length = re.search(rb"Content-Length: (\d+)", head)
                heard.append(head + stream.read(int(length[1]) if length else 0))
                connection.sendall(self._answer)


@pytest.fixture
def peer_that_says() -> Iterator[Callable[[bytes], Peer]]:
    peers: list[Peer] = []

    def make(answer: bytes) -> Peer:
        peers.append(Peer(answer))
        return peers[-1]

    yield make
    for peer in peers:
        peer.close()


@contextmanager
def client(timeouts: Timeouts = TIMEOUTS, token: str | None = None) -> Iterator[HttpClient]:
    made = HttpClient(token, timeouts)
    yield made
    made.close()


def test_an_answer_is_its_status_and_body_and_the_connection_is_kept(peer_that_says: Callable[[bytes], Peer]) -> None:
    peer = peer_that_says(ANSWER)
    with client(token="a-token") as http:
        assert http.send("GET", peer.url, params={"tail": "5"}) == Reply(200, b"hello")
        assert http.send("POST", peer.url, b"{}") == Reply(200, b"hello")
    ((first, second),) = peer.heard
    assert first.startswith(b"GET /?tail=5 HTTP/1.1") and b"Authorization: Bearer a-token" in first
    assert second.startswith(b"POST / HTTP/1.1") and b"Content-Type: application/json" in second


def test_a_redirect_is_an_answer_like_any_other(peer_that_says: Callable[[bytes], Peer]) -> None:
    peer = peer_that_says(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    with client() as http:
        assert http.send("GET", peer.url) == Reply(302, b"")


def test_no_more_is_read_of_a_body_than_was_asked_for(peer_that_says: Callable[[bytes], Peer]) -> None:
    peer = peer_that_says(ANSWER)
    with client() as http:
        assert http.send("GET", peer.url, body_bytes_max=2).body == b"he"
        with http.stream("GET", peer.url) as response:
            assert http.read(response, 4) == b"hell"


def test_a_peer_that_does_not_listen_is_unreachable(peer_that_says: Callable[[bytes], Peer]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with client() as http, pytest.raises(Unreachable, match=r"^can't be reached: Connection refused$"):
        http.send("GET", f"http://127.0.0.1:{port}/")


def test_a_connection_that_breaks_is_unreachable(peer_that_says: Callable[[bytes], Peer]) -> None:
    peer = peer_that_says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n")
    with client() as http, pytest.raises(Unreachable, match=r"^can't be reached: "):
        http.send("GET", peer.url)


def test_a_peer_that_says_nothing_is_silent(peer_that_says: Callable[[bytes], Peer]) -> None:
    peer = peer_that_says(b"")
    with client(Timeouts(connect=5.0, read=0.05)) as http, pytest.raises(Silent, match=r"^did not answer in 0.05 s$"):
        http.send("GET", peer.url)

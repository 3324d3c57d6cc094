"""An agent that answers nonsense, hangs or dies affects its own actions only."""

import socketserver
import threading
from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster, business, docker_component
from tests.support.processes import free_port
from tests.support.waiting import wait_until

pytestmark = pytest.mark.docker


class Hanging(socketserver.BaseRequestHandler):
    """Takes the request and never answers."""

    def handle(self) -> None:
        while self.request.recv(65536):
            pass


class Nonsense(socketserver.BaseRequestHandler):
    """Answers something that is no HTTP."""

    def handle(self) -> None:
        self.request.recv(65536)
        self.request.sendall(b"\x00\xff what? \r\n\r\n" * 20)


class NotOurs(socketserver.BaseRequestHandler):
    """Answers HTTP, but not as an agent does."""

    def handle(self) -> None:
        self.request.recv(65536)
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>hi</html>")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@pytest.fixture(params=[Hanging, Nonsense, NotOurs, None], ids=["hangs", "nonsense", "not ours", "dead"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where a bad agent listens, or nobody."""
    if request.param is None:
        yield f"http://127.0.0.1:{free_port()}"
        return
    with Server(("127.0.0.1", 0), request.param) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_bad_agent_delays_nobody_else(cluster: Cluster, address: str, nodes: list[str]) -> None:
    def heartbeat() -> None:
        reply = cluster.request(
            "POST",
            "/api/report",
            json={
                "node_id": "bad",
                "address": address,
                "capacity": {"cpu_cores": 64, "memory_mb": 65536},
                "labels": {"kind": "bad"},
            },
        )
        assert reply.status_code == 200, reply.text

    heartbeat()
    bad = docker_component("c", affinity={"node_labels": {"kind": "bad"}}, replicas=3)
    good = docker_component("c", affinity={"node_id": nodes[0]}, replicas=3)
    cluster.post(business("stuck", [bad]))
    cluster.post(business("fine", [good]))
    cluster.wait_status("fine", "running")

    def told() -> bool:
        heartbeat()
        return any(address in part["message"] for part in cluster.components("stuck"))

    wait_until(told, what="the reason to be shown")
    assert cluster.status("fine") == "running"

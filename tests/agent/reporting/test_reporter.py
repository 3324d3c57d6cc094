"""What a manager hears from a node, through a real socket, when it listens and when it does not."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agent.reporting.manager_client import ManagerClient
from agent.reporting.outbox import Outbox
from agent.reporting.report_builder import Host, ReportBuilder
from agent.reporting.reporter import Reporter
from agent.runtime.contract import NodeImages
from agent.supervisor.lease import Lease
from agent.supervisor.supervisor import Supervisor
from reconciler.wire.messages import InstanceKey, Status
from reconciler.wire.reports import InstanceReport, NodeCapacity, NodeImage, NodeUsage
from tests.agent.supervisor.memory_runtime import MemoryRuntime, a_deploy, a_stop
from tests.support.waiting import wait_until

FULL, SINGLE = "/api/report", "/api/report/component"


class FakeManager:
    """Takes reports and answers as it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.headers: list[str | None] = []
        self.answers: dict[str, int] = {}
        manager = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = manager.answers.get(self.path, 200)
                manager.headers.append(self.headers.get("Authorization"))
                if status == 200:
                    manager.heard.append((self.path, body))
                word = "success" if status == 200 else "error"
                reply = json.dumps({"status": word, "message": "m", "lease_seconds": 30}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_: object) -> None:
                """Tests have no use for it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def of(self, path: str) -> list[dict[str, Any]]:
        return [body for where, body in tuple(self.heard) if where == path]

    def words(self) -> list[str]:
        return [body["status"] for body in self.of(SINGLE)]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Node:
    """A supervisor with a reporter."""

    def __init__(self, url: str, interval: float, complete: threading.Event | None = None) -> None:
        self.runtime = MemoryRuntime()
        self.outbox = Outbox()
        self.supervisor = Supervisor({"docker": self.runtime}, self.outbox.put)
        host = Host(
            "node-1",
            "http://127.0.0.1:7701",
            NodeCapacity(cpu_cores=4, memory_mb=1000),
            NodeUsage,
            lambda: (),
            {"zone": "east"},
        )
        client = ManagerClient(url, "a-token-of-enough-letters")
        complete = complete or _set()
        lease = Lease(Path("lease.json"), lambda within: 0)
        builder = ReportBuilder(host, self.supervisor, interval / 2)
        self.reporter = Reporter(client, builder, self.outbox, lease, interval, complete.is_set)

    def close(self) -> None:
        self.reporter.close()
        self.supervisor.close()


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@pytest.fixture
def manager() -> Iterator[FakeManager]:
    manager = FakeManager()
    yield manager
    manager.close()


@pytest.fixture
def node(manager: FakeManager) -> Iterator[Node]:
    """A node whose heartbeat does not come by itself during a test."""
    node = Node(manager.url, interval=600)
    yield node
    node.close()


def test_a_node_registers_with_all_it_has(manager: FakeManager, node: Node) -> None:
    node.supervisor.deploy(a_deploy())
    wait_until(lambda: node.supervisor.instances()[0].status is Status.RUNNING)
    node.reporter.start()
    wait_until(lambda: manager.of(FULL))
    (report,) = manager.of(FULL)
    assert (report["node_id"], report["labels"], report["address"]) == (
        "node-1",
        {"zone": "east"},
        "http://127.0.0.1:7701",
    )
    assert report["capacity"] == {"cpu_cores": 4.0, "memory_mb": 1000}
    (instance,) = report["instances"]
    assert instance["status"] == "running"
    assert instance["resource_usage"]["memory_mb"] == 8.0
    assert manager.headers == ["Bearer a-token-of-enough-letters"]


def test_every_change_is_told_at_once_and_in_order(manager: FakeManager, node: Node) -> None:
    node.reporter.start()
    wait_until(lambda: manager.of(FULL))
    node.supervisor.deploy(a_deploy())
    wait_until(lambda: "running" in manager.words())
    node.supervisor.stop(a_stop())
    wait_until(lambda: "stopped" in manager.words())
    order = ["pending", "starting", "running", "stopping", "stopped"]
    ranks = [order.index(word) for word in manager.words()]
    assert ranks == sorted(ranks)
    stamps = [body["timestamp"] for _, body in manager.heard]
    assert stamps == sorted(set(stamps)), "strictly growing"
    last = manager.of(SINGLE)[-1]
    assert last["node_id"] == "node-1"
    assert last.get("container_id") is None


def test_heartbeats_go_on(manager: FakeManager) -> None:
    node = Node(manager.url, interval=0.1)
    node.reporter.start()
    wait_until(lambda: len(manager.of(FULL)) >= 3)
    node.close()


def test_a_manager_that_is_away_gets_everything_when_it_is_back(
    manager: FakeManager, node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "agent.reporting.reporter")
    manager.answers[FULL] = 503
    node.reporter.start()
    wait_until(lambda: len(manager.headers) >= 2, what="a second try")
    node.supervisor.deploy(a_deploy())
    wait_until(lambda: node.supervisor.instances()[0].status is Status.RUNNING)
    manager.answers.clear()
    wait_until(lambda: manager.of(FULL))
    assert manager.of(FULL)[0]["instances"][0]["status"] == "running"
    wait_until(lambda: "reports to the manager" in caplog.text)
    assert caplog.text.count("takes no reports") == 1
    assert caplog.text.count("reports to the manager") == 1


def test_a_manager_that_does_not_listen_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    manager = FakeManager()
    manager.close()
    node = Node(manager.url, interval=600)
    node.reporter.start()
    wait_until(lambda: "takes no reports" in caplog.text)
    assert "refused" in caplog.text.lower()
    node.close()


@pytest.mark.parametrize(("status", "help_"), [(401, "--token-file"), (403, "--token-file"), (404, "--manager")])
def test_a_refusal_is_logged_with_what_to_do(
    manager: FakeManager, node: Node, caplog: pytest.LogCaptureFixture, status: int, help_: str
) -> None:
    manager.answers[FULL] = status
    node.reporter.start()
    wait_until(lambda: help_ in caplog.text)
    assert "a-token-of-enough-letters" not in caplog.text


def test_a_manager_that_does_not_know_the_node_gets_it_registered_again(manager: FakeManager, node: Node) -> None:
    node.reporter.start()
    wait_until(lambda: manager.of(FULL))
    manager.answers[SINGLE] = 404
    node.supervisor.deploy(a_deploy())
    wait_until(lambda: len(manager.of(FULL)) >= 2)


def test_nothing_is_said_before_it_is_known_what_runs(manager: FakeManager) -> None:
    complete = threading.Event()
    node = Node(manager.url, interval=600, complete=complete)
    node.runtime.failures["list"] = "the Engine does not answer"
    node.reporter.start()
    node.supervisor.deploy(a_deploy())
    wait_until(lambda: node.supervisor.instances())
    assert manager.heard == []
    complete.set()
    wait_until(lambda: manager.of(FULL))
    node.close()


def test_many_changes_become_one_report(manager: FakeManager, node: Node) -> None:
    node.reporter.start()
    wait_until(lambda: manager.of(FULL))
    gate = threading.Event()
    take = node.outbox.take

    def slow_take() -> InstanceReport | None:
        gate.wait(30)
        return take()

    node.outbox.take = slow_take  # type: ignore[method-assign]
    for instance in range(80):
        node.supervisor.deploy(a_deploy(instance=instance))
    wait_until(lambda: len(node.outbox) >= 79)
    gate.set()
    wait_until(lambda: len(manager.of(FULL)) >= 2)
    wait_until(lambda: len(node.outbox) == 0)


def test_the_outbox_keeps_the_newest_of_each_instance_only() -> None:
    outbox = Outbox()
    for status in (Status.PENDING, Status.STARTING, Status.RUNNING):
        for component_id in ("web", "db"):
            outbox.put(InstanceReport(business_id="shop", component_id=component_id, status=status))
    assert len(outbox) == 2
    first, second = outbox.take(), outbox.take()
    assert first is not None and second is not None
    assert [first.key, second.key] == [InstanceKey("shop", "web"), InstanceKey("shop", "db")]
    assert {first.status, second.status} == {Status.RUNNING}
    assert outbox.take() is None


def test_images_are_told_when_they_change_and_when_the_manager_may_have_forgotten(manager: FakeManager) -> None:
    node = Node(manager.url, interval=0.05)
    web, db = NodeImage(name="web:1", size_mb=5), NodeImage(name="db:1", size_mb=7)
    node.runtime.has = NodeImages((web,), 900)
    node.reporter.start()
    try:
        wait_until(lambda: len(manager.of(FULL)) >= 3, what="heartbeats")
        node.runtime.has = NodeImages((web, db), 800)
        wait_until(lambda: len(told(manager)) == 2, what="the change to be told")
        manager.answers[FULL] = 500
        wait_until(lambda: manager.headers and node.reporter._trouble, what="the manager to be away")
        manager.answers[FULL] = 200
        wait_until(lambda: len(told(manager)) == 3, what="the images to be told again")
    finally:
        node.close()
    assert told(manager) == [["web:1"], ["web:1", "db:1"], ["web:1", "db:1"]]
    assert {body["disk_free_mb"] for body in manager.of(FULL)} == {900, 800}


def told(manager: FakeManager) -> list[list[str]]:
    """The images of each report that has any."""
    return [[image["name"] for image in body["images"]] for body in manager.of(FULL) if "images" in body]

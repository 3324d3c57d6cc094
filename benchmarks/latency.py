"""From a change in a source to the first action: how soon `POST /api/deploy` reaches an agent, on one clock.

`python -m benchmarks.latency [ROUNDS] [SECONDS]` saves a file in desired/ and pushes to a repository that GitHub's
webhook then tells of, 60 times each, and measures what the manager costs at rest with both sources, over 30 seconds.
The agent is a receiver of HTTP that notes when a call comes, and reports that what it was asked for runs.
The time of `git fetch` is the manager's own, from /api/sources, and is shown apart from the rest.
"""

import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue

import psutil
import requests

from benchmarks.idle import cost
from tests.support.cluster import Cluster
from tests.support.forges import github
from tests.support.repositories import Repository, spec
from tests.support.waiting import wait_until

NODE = "bench-latency"
SECRET = "a-secret-of-the-benchmark"


class Receiver:
    """What the manager takes for an agent. `calls` has the time of each deploy and the command it asked for."""

    def __init__(self, manager: str) -> None:
        self.calls: Queue[tuple[float, list[str]]] = Queue()
        self._manager = manager
        self._running: dict[str, dict[str, object]] = {}
        self._session = requests.Session()
        self._closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                at = time.perf_counter()
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(202)
                reply = b'{"status": "success", "message": "accepted"}'
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)
                if self.path == "/api/deploy":
                    outer._deployed(at, asked)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        for act in (self._server.serve_forever, self._beat):
            threading.Thread(target=act, daemon=True).start()

    def report(self) -> None:
        """Tell the manager of the node and all that runs there."""
        told = {
            "node_id": NODE,
            "address": f"http://127.0.0.1:{self._server.server_port}",
            "capacity": {"cpu_cores": 64, "memory_mb": 65536},
            "runtimes": ["docker", "process"],
            "instances": list(self._running.values()),
            "timestamp": time.time(),
        }
        self._session.post(f"{self._manager}/api/report", json=told, timeout=10).raise_for_status()

    def close(self) -> None:
        """Be gone."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _deployed(self, at: float, asked: dict[str, object]) -> None:
        kept = {name: asked[name] for name in ("business_id", "component_id", "instance", "digest", "version")}
        self._running[str(asked["business_id"])] = kept | {"status": "running", "started_at": time.time()}
        self.report()
        self.calls.put((at, list(asked["command"])))  # type: ignore[call-overload]

    def _beat(self) -> None:
        while not self._closing.wait(5.0):
            self.report()


def first_action(receiver: Receiver, mark: str) -> float:
    """When the call came that has this word in its command."""
    while True:
        at, command = receiver.calls.get(timeout=30)
        if mark in command:
            return at


def saved(cluster: Cluster, receiver: Receiver, number: int, replaced: bool) -> float:
    """Seconds from the save of a file, in place or by a rename over it as editors do, to the first action."""
    file = cluster.desired / "shop.yaml"
    text = spec("shop", number)
    other = file.with_name("shop.tmp")
    began = time.perf_counter()
    if replaced:
        other.write_text(text)
        os.replace(other, file)
    else:
        file.write_text(text)
    return first_action(receiver, str(number)) - began


def told(cluster: Cluster, receiver: Receiver, infra: Repository, number: int) -> tuple[float, float]:
    """Seconds from the webhook of a push to the first action, and how many of them git took to fetch."""
    infra.push({"desired/pay.yaml": spec("pay", number)})
    headers, body = github(SECRET, "team/infra")
    began = time.perf_counter()
    requests.post(f"{cluster.url}/api/hooks/git", data=body, headers=headers, timeout=10).raise_for_status()
    seconds = first_action(receiver, str(number)) - began
    fetching = next(source["fetch_seconds"] for source in cluster.get("/api/sources") if source["kind"] == "git")
    return seconds, fetching


def show(what: str, seconds: list[float]) -> None:
    """Median, 95th percentile and every value, in milliseconds."""
    values = [1000 * value for value in seconds]
    p95 = statistics.quantiles(values, n=20)[-1]
    raw = " ".join(f"{value:.1f}" for value in values)
    print(f"{what:<44} median {statistics.median(values):6.1f} ms   p95 {p95:6.1f} ms   raw: {raw}", flush=True)


def rounds_of(count: int, one: Callable[[int], float]) -> list[float]:
    """The results of that many rounds, each once the one before is settled."""
    found = []
    for number in range(count):
        found.append(one(1000 + number))
        time.sleep(0.1)
    return found


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    with tempfile.TemporaryDirectory() as root:
        infra = Repository(Path(root) / "team")
        infra.push({"desired/pay.yaml": spec("pay")})
        cluster = Cluster(Path(root) / "cluster", processes=True)
        secret = cluster.root / "hook-secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        (cluster.desired / "shop.yaml").write_text(spec("shop"))
        git = ("--git", str(infra.bare), "--branch", "main", "--path", "desired")
        cluster.start_manager(*git, "--hook-secret-file", str(secret))
        receiver = Receiver(cluster.url)
        try:
            receiver.report()
            for business_id in ("shop", "pay"):
                wait_until(lambda name=business_id: cluster.status(name) == "running", what=business_id)
            for what, replaced in (("save of a file, in place", False), ("save of a file, by a rename", True)):
                begin = 10_000 * (1 + replaced)
                show(what, rounds_of(count, lambda n, b=begin, r=replaced: saved(cluster, receiver, b + n, r)))
            both = []
            rounds_of(count, lambda n: both.append(told(cluster, receiver, infra, n)) or 0.0)  # type: ignore[func-returns-value]
            show("webhook, without git fetch", [all_ - fetching for all_, fetching in both])
            show("webhook, git fetch alone", [fetching for _, fetching in both])
            show("webhook, with git fetch", [all_ for all_, _ in both])
            time.sleep(5)
            assert cluster.manager is not None
            print(cost({"manager": psutil.Process(cluster.manager.process.pid)}, seconds))
        finally:
            receiver.close()
            cluster.close()


if __name__ == "__main__":
    main()

"""Components of type process: host programs with the life of a container, on real processes."""

import json
import os
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from tests.support.cluster import Cluster, business
from tests.support.processes import free_port
from tests.support.waiting import wait_until

STUBBORN = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); signal.pause()"])
signal.pause()
"""


def program(component_id: str, *command: str, **more: Any) -> dict[str, Any]:
    """A supervised program."""
    return {
        "component_id": component_id,
        "component_name": component_id,
        "type": "process",
        "command": list(command),
        "stop_grace_period": "1s",
    } | more


@pytest.fixture
def cluster(tmp_path: Path, processes: bool) -> Iterator[Cluster]:
    """A manager and one agent without Docker; all programs are ended with them."""
    made = Cluster(tmp_path / "cluster", processes=processes)
    made.start_manager()
    made.start_agent("p", runtime="process")
    made.wait_node("p")
    yield made
    made.close()
    for process in ours(made):
        process.kill()


def ours(cluster: Cluster) -> list[psutil.Process]:
    """Every living process of this cluster's programs: their working directory is an instance's folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if "/p/processes/" in process.cwd() and str(cluster.root) in process.cwd():
                found.append(process)
        except psutil.Error:
            continue
    return found


def record(cluster: Cluster, business_id: str, component_id: str) -> dict[str, Any]:
    """What the agent remembers of the instance."""
    path = cluster.root / "p" / "processes" / business_id / component_id / "0" / "record.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_a_program_lives_from_deploy_to_delete(cluster: Cluster) -> None:
    port = free_port()
    web = program(
        "web",
        sys.executable,
        *("-m", "http.server", str(port), "--bind", "127.0.0.1"),
        config_files=[
            {"path": "index.html", "content": "first"},
            {"path": "deep/secret.conf", "content": "x", "mode": "0600"},
        ],
        environment_variables={"GREETING": "hello"},
    )
    cluster.post(business("site", [web]))
    cluster.wait_status("site", "running")

    def page() -> str:
        try:
            return requests.get(f"http://127.0.0.1:{port}/", timeout=5).text
        except requests.ConnectionError:
            return ""

    wait_until(lambda: page() == "first", what="the page")
    pid = record(cluster, "site", "web")["pid"]
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    assert b"GREETING=hello" in environment
    secret = cluster.root / "p/processes/site/web/0/files/deep/secret.conf"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600

    def measured() -> bool:
        return bool(cluster.components("site")[0]["resource_usage"]["memory_mb"] > 0)

    wait_until(measured, what="its memory to be reported")

    web["config_files"] = [{"path": "index.html", "content": "second"}]
    cluster.put(business("site", [web]))
    wait_until(lambda: page() == "second", what="the new page")
    assert not secret.exists(), "an old version's files are not kept"
    cluster.wait_in_sync()
    assert not psutil.pid_exists(pid)

    cluster.ask("site", "stop")
    cluster.wait_status("site", "stopped")
    assert ours(cluster) == []
    cluster.ask("site", "restart")
    cluster.wait_status("site", "running")
    cluster.delete("site")
    cluster.wait_gone("site")
    wait_until(lambda: ours(cluster) == [], what="the program to end")
    wait_until(lambda: not list((cluster.root / "p" / "processes").glob("site/*/*")), what="its folder to be gone")


@pytest.mark.processes
def test_agents_come_and_go_and_programs_run_on(cluster: Cluster) -> None:
    cluster.post(business("calm", [program("a", "sleep", "600")]))
    cluster.wait_status("calm", "running")
    before = cluster.containers("calm"), record(cluster, "calm", "a")["pid"]
    for end in ("terminate", "kill"):
        getattr(cluster.child("p"), end)()
        cluster.start_agent("p", runtime="process")
        wait_until(lambda: "p" in [node["node_id"] for node in cluster.get("/api/nodes") if node["state"] == "ready"])
        cluster.wait_in_sync()
        assert (cluster.containers("calm"), record(cluster, "calm", "a")["pid"]) == before
    assert len(ours(cluster)) == 1


@pytest.mark.processes
def test_what_ended_while_no_agent_watched_runs_again(cluster: Cluster) -> None:
    cluster.post(business("calm", [program("a", "sleep", "600", restart="always")]))
    cluster.wait_status("calm", "running")
    pid = record(cluster, "calm", "a")["pid"]
    cluster.child("p").kill()
    os.kill(pid, signal.SIGKILL)
    cluster.start_agent("p", runtime="process")
    wait_until(lambda: record(cluster, "calm", "a")["pid"] not in (None, pid), what="a new program")
    cluster.wait_status("calm", "running")
    assert len(ours(cluster)) == 1


def test_a_program_that_dies_is_started_again_and_counted(cluster: Cluster) -> None:
    cluster.post(business("heal", [program("a", "sleep", "600", restart="always")]))
    cluster.wait_status("heal", "running")
    pid = record(cluster, "heal", "a")["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: record(cluster, "heal", "a")["restart_count"] == 1, what="a restart")
    cluster.wait_status("heal", "running")
    assert record(cluster, "heal", "a")["pid"] != pid


def test_the_whole_group_ends_even_if_it_does_not_want_to(cluster: Cluster) -> None:
    cluster.post(business("stubborn", [program("a", sys.executable, "-c", STUBBORN)]))
    cluster.wait_status("stubborn", "running")
    wait_until(lambda: len(ours(cluster)) == 2, what="its child")
    cluster.delete("stubborn")
    cluster.wait_gone("stubborn")
    wait_until(lambda: ours(cluster) == [], what="both to be gone")


def test_its_own_stop_signal_is_sent(cluster: Cluster, tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = f"trap 'echo usr1 > {told}; exit 0' USR1; while :; do sleep 0.1; done"
    component = program("a", "sh", "-c", script, stop_signal="SIGUSR1", stop_grace_period="10s")
    cluster.post(business("polite", [component]))
    cluster.wait_status("polite", "running")
    cluster.delete("polite")
    cluster.wait_gone("polite")
    wait_until(lambda: told.exists() and told.read_text() == "usr1\n", what="the signal")


@pytest.mark.parametrize(
    ("command", "more", "word"),
    [
        (["no-such-program"], {}, "no program 'no-such-program'"),
        (["/no/such/program"], {}, "/no/such/program"),
        (["sleep", "600"], {"user": "nobody-here"}, "nobody-here"),
        (["sleep", "600"], {"working_dir": "/no/such/dir"}, "/no/such/dir"),
        (["sh", "-c", "echo out of luck; exit 3"], {}, "code 3"),
        (["sh", "-c", "echo out of luck; exit 3"], {}, "out of luck"),
    ],
)
def test_what_does_not_run_says_why(cluster: Cluster, command: list[str], more: dict[str, Any], word: str) -> None:
    cluster.post(business("bad", [program("a", *command, restart="no", **more)]))
    failed = cluster.wait_status("bad", "failed")
    assert word in failed["components"][0]["message"]


def test_a_program_is_healthy_when_its_check_says_so(cluster: Cluster, tmp_path: Path) -> None:
    flag = tmp_path / "healthy"
    check = {"test": ["CMD", "test", "-e", str(flag)], "interval": "100ms", "start_period": "1m"}
    cluster.post(business("checked", [program("a", "sleep", "600", healthcheck=check, restart="no")]))
    wait_until(lambda: [part["status"] for part in cluster.components("checked")] == ["starting"], what="starting")
    flag.touch()
    cluster.wait_status("checked", "running")
    flag.unlink()
    failed = cluster.wait_status("checked", "failed")
    assert "unhealthy" in failed["components"][0]["message"]

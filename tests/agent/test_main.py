"""A whole agent: it registers, serves, refuses what is unsafe, and ends without ending what it runs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from agent.main import AgentConfig, RunningAgent, default_node_id, start_agent
from reconciler.net.listen import ServeError
from tests.agent.reporting.test_reporter import FULL, FakeManager
from tests.support.waiting import wait_until

TOKEN = "a-token-of-enough-letters"
SLEEPER: dict[str, Any] = {
    "business_id": "shop",
    "component_id": "sleeper",
    "component_name": "sleeper",
    "type": "process",
    "command": ["sleep", "600"],
}


@pytest.fixture
def manager() -> Iterator[FakeManager]:
    manager = FakeManager()
    yield manager
    manager.close()


def configured(manager: FakeManager, state_dir: Path, **more: Any) -> AgentConfig:
    values = {"listen": "127.0.0.1:0", "node_id": "node-1", "runtimes": "process", "heartbeat": 0.5} | more
    return AgentConfig(manager_url=manager.url, state_dir=state_dir, **values)


def components(agent: RunningAgent) -> list[dict[str, Any]]:
    reply = requests.get(f"{agent.address}/api/components", timeout=10)
    assert reply.status_code == 200
    found: list[dict[str, Any]] = json.loads(reply.text)
    return found


def test_it_registers_under_the_address_it_serves(manager: FakeManager, tmp_path: Path) -> None:
    agent = start_agent(configured(manager, tmp_path, labels={"zone": "east"}))
    try:
        wait_until(lambda: manager.of(FULL))
        report = manager.of(FULL)[0]
        assert (report["node_id"], report["labels"], report["runtimes"]) == ("node-1", {"zone": "east"}, ["process"])
        assert report["capacity"]["memory_mb"] > 0
        reply = requests.get(f"{report['address']}/healthz", timeout=10)
        assert reply.json()["node_id"] == "node-1"
    finally:
        agent.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{agent.address}/healthz", timeout=10)


def test_the_next_agent_adopts_what_runs(manager: FakeManager, tmp_path: Path) -> None:
    def running(agent: RunningAgent) -> list[dict[str, Any]]:
        return [one for one in components(agent) if one["status"] == "running"]

    agent = start_agent(configured(manager, tmp_path))
    requests.post(f"{agent.address}/api/deploy", json=SLEEPER, timeout=10).raise_for_status()
    (before,) = wait_until(lambda: running(agent), what="the program to run")
    agent.close()
    agent = start_agent(configured(manager, tmp_path))
    try:
        (after,) = wait_until(lambda: running(agent), what="the program to be adopted")
        assert after["container_id"] == before["container_id"]
        assert after.get("restart_count", 0) == 0
        body = {"business_id": "shop", "component_id": "sleeper"}
        requests.post(f"{agent.address}/api/stop", json=body, timeout=10).raise_for_status()
        wait_until(lambda: components(agent) == [], what="the program to be gone")
    finally:
        agent.close()


def test_two_agents_do_not_share_a_directory(manager: FakeManager, tmp_path: Path) -> None:
    agent = start_agent(configured(manager, tmp_path))
    try:
        with pytest.raises(ServeError, match="another agent uses"):
            start_agent(configured(manager, tmp_path))
    finally:
        agent.close()
    start_agent(configured(manager, tmp_path)).close()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"listen": "0.0.0.0:0"}, "--token-file"),
        ({"listen": "7701"}, "HOST:PORT"),
        ({"node_id": "../x"}, "--node-id"),
        ({"heartbeat": 0.0}, "--heartbeat"),
        ({"keep_images": 60.0}, "--keep-images 60s is too short: give 1h or more"),
        ({"state_dir": Path("/proc/nothing/here")}, "--state-dir"),
    ],
)
def test_what_can_not_run_is_refused_with_what_to_do(
    manager: FakeManager, tmp_path: Path, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(ServeError, match=words):
        start_agent(configured(manager, more.pop("state_dir", tmp_path), **more))


def test_a_managers_address_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(ServeError, match="--manager 'manager:7700'"):
        start_agent(AgentConfig(listen="127.0.0.1:0", manager_url="manager:7700", state_dir=tmp_path))


def test_the_token_is_in_no_text_of_the_configuration(manager: FakeManager, tmp_path: Path) -> None:
    assert TOKEN not in repr(configured(manager, tmp_path, token=TOKEN))


def test_the_default_node_id_can_name_a_node() -> None:
    assert default_node_id()
    assert default_node_id() == default_node_id().lower()

"""Containers on the real Engine: nobody else's are touched, and what happens to ours is heard."""

import threading
from pathlib import Path

import docker
import pytest

from agent.engine.runtime import DockerRuntime
from agent.runtime.contract import RuntimeFailure
from reconciler.wire.messages import Status
from tests.agent.engine.fixtures import client, node_id, runtime  # noqa: F401 - fixtures
from tests.agent.engine.parts import deploy, the_one
from tests.support.waiting import wait_until

# ruff: noqa: F811 - the fixtures' names
pytestmark = pytest.mark.docker


def test_agents_on_one_engine_do_not_meet(runtime: DockerRuntime, node_id: str, tmp_path: Path) -> None:
    mine = runtime.create(deploy())
    other = DockerRuntime.connect(f"{node_id}-other", tmp_path / "other")
    try:
        theirs = other.create(deploy())
        assert the_one(runtime).container_id == mine
        assert the_one(other).container_id == theirs
        with pytest.raises(RuntimeFailure, match="is left alone"):
            other.stop(mine)
        other.stop(theirs)
        assert the_one(runtime).container_id == mine
    finally:
        for one in other.list():
            other.stop(one.container_id)
        other.close()


def test_a_stranger_with_our_name_is_left_alone(
    runtime: DockerRuntime, client: docker.DockerClient, node_id: str
) -> None:
    stranger = client.containers.create("reconciler-test/busybox:1", name=f"shop.web.0.{node_id}")
    try:
        with pytest.raises(RuntimeFailure, match="did not make is in the way"):
            runtime.create(deploy())
        with pytest.raises(RuntimeFailure, match="is left alone"):
            runtime.stop(stranger.id)
        stranger.reload()
        assert runtime.list() == []
    finally:
        stranger.remove()


def test_what_happens_behind_our_back_is_heard(runtime: DockerRuntime, client: docker.DockerClient) -> None:
    heard = threading.Event()
    runtime.watch(heard.set)
    assert heard.wait(10), "connecting counts as a change"
    container_id = runtime.create(deploy())
    wait_until(lambda: the_one(runtime).status == Status.RUNNING, what="running")
    before = the_one(runtime).started_at
    heard.clear()
    client.api.restart(container_id, timeout=0)
    assert heard.wait(10)
    wait_until(lambda: the_one(runtime).started_at != before, what="the new start")
    heard.clear()
    client.api.remove_container(container_id, force=True)
    assert heard.wait(10)
    wait_until(lambda: runtime.list() == [], what="the removal")


def test_usage_is_measured(runtime: DockerRuntime) -> None:
    busy = runtime.create(deploy("busy", command=("sh", "-c", "while true; do true; done"), init=True))
    idle = runtime.create(deploy("idle"))
    runtime.stats([busy, idle])
    usage = wait_until(
        lambda: next(
            (all_of for all_of in [runtime.stats([busy, idle, "gone"])] if all_of[busy].cpu_percent > 5), None
        ),
        what="CPU use",
    )
    assert set(usage) == {busy, idle}
    assert usage[busy].memory_mb > 0
    assert usage[idle].cpu_percent < usage[busy].cpu_percent


def test_no_engine_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(RuntimeFailure, match="no Docker Engine answers on this node"):
        DockerRuntime.connect("node", tmp_path)

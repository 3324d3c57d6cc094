"""What goes with a container of the real Engine, and what stays."""

from pathlib import Path

import docker
import pytest
from docker.errors import NotFound

from agent.engine.runtime import DockerRuntime
from reconciler.manifest.model import Mount
from reconciler.wire.messages import Status
from tests.agent.engine.fixtures import client, node_id, runtime  # noqa: F401 - fixtures
from tests.agent.engine.parts import deploy, output, the_one

# ruff: noqa: F811 - the fixtures' names
pytestmark = pytest.mark.docker


def test_named_volumes_stay_and_anonymous_ones_go(
    runtime: DockerRuntime, client: docker.DockerClient, node_id: str, tmp_path: Path
) -> None:
    host_folder = tmp_path / "made" / "by" / "the-engine"
    volumes = (
        Mount(type="bind", source=str(host_folder), target="/host"),
        Mount(type="volume", source=node_id, target="/data"),
        Mount(type="volume", target="/scratch"),
    )
    container_id = runtime.create(deploy(volumes=volumes))
    mounts = client.api.inspect_container(container_id)["Mounts"]
    (anonymous,) = (one["Name"] for one in mounts if one["Destination"] == "/scratch")
    output(client, container_id, "sh", "-c", "echo 1 > /host/file; echo 1 > /data/file")
    runtime.stop(container_id)
    assert (host_folder / "file").read_text() == "1\n"
    client.volumes.get(node_id).remove()
    with pytest.raises(NotFound):
        client.volumes.get(anonymous)


def test_networks_go_with_their_last_instance_unless_others_made_them(
    runtime: DockerRuntime, client: docker.DockerClient, node_id: str
) -> None:
    ours, theirs = f"{node_id}-ours", f"{node_id}-theirs"
    stranger = client.networks.create(theirs)
    try:
        first = runtime.create(deploy("first", networks=(ours, theirs)))
        second = runtime.create(deploy("second", networks=(ours,)))
        runtime.stop(first)
        assert client.networks.list(names=[ours])
        runtime.stop(second)
        assert not client.networks.list(names=[ours])
        assert client.networks.list(names=[theirs])
    finally:
        stranger.remove()


def test_stop_removes_and_stopping_again_is_fine(runtime: DockerRuntime) -> None:
    container_id = runtime.create(deploy())
    runtime.stop(container_id)
    runtime.stop(container_id)
    assert runtime.list() == []


def test_a_paused_container_says_so_and_can_be_stopped(runtime: DockerRuntime, client: docker.DockerClient) -> None:
    container_id = runtime.create(deploy())
    client.api.pause(container_id)
    found = the_one(runtime)
    assert found.status == Status.FAILED and "paused by someone" in found.message
    runtime.stop(container_id)
    assert runtime.list() == []

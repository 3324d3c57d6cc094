"""What the manager is told of a node's images and disk."""

import shutil
from pathlib import Path

import docker
import pytest

from agent.engine.client import engine_client
from agent.engine.images.inventory import ImageInventory, disk_free_mb, images_of
from agent.engine.runtime import DockerRuntime
from reconciler.wire.reports import IMAGES_MAX, NodeImage
from tests.agent.engine.fixtures import client, node_id, runtime  # noqa: F401 - fixtures
from tests.support.images import WEB, web_image

# ruff: noqa: F811 - the fixtures' names
MIB = 2**20


def test_images_have_full_names_and_sizes_rounded_up() -> None:
    listed = [
        {"RepoTags": ["web:1", "docker.io/library/web:2"], "RepoDigests": ["web@sha256:abc"], "Size": MIB + 1},
        {"RepoTags": ["<none>:<none>"], "RepoDigests": ["<none>@<none>"], "Size": 5 * MIB},
        {"RepoTags": None, "Size": 5 * MIB},
    ]
    names = ["web:1", "web:2", "web@sha256:abc"]
    assert images_of(listed) == tuple(NodeImage(name=name, size_mb=2) for name in names)


def test_the_largest_are_told_where_there_are_too_many() -> None:
    listed = [{"RepoTags": [f"web:{number}"], "Size": number * MIB} for number in range(IMAGES_MAX + 3)]
    found = images_of(listed)
    assert len(found) == IMAGES_MAX
    assert min(image.size_mb for image in found) == 3


def test_a_disk_that_can_not_be_measured_is_unknown(tmp_path: Path) -> None:
    assert disk_free_mb(None) is None
    assert disk_free_mb(tmp_path / "nowhere") is None


@pytest.mark.docker
def test_the_engine_s_images_are_as_docker_shows_them(client: docker.DockerClient, tmp_path: Path) -> None:
    web_image(client)
    connection = engine_client(60)
    stock = ImageInventory(connection)
    assert stock.get().images is None
    stock.look()
    sizes = {image.name: image.size_mb for image in stock.get().images or ()}
    assert sizes[WEB] == -(-client.images.get(WEB).attrs["Size"] // MIB)
    free = shutil.disk_usage(client.info()["DockerRootDir"]).free // MIB
    assert abs((stock.get().disk_free_mb or 0) - free) < free / 2
    connection.close()


@pytest.mark.docker
def test_a_new_image_is_told_once_the_agent_has_brought_it(client: docker.DockerClient, runtime: DockerRuntime) -> None:
    runtime.list()
    mine = "reconciler-test/stock:1"
    client.api.tag(web_image(client), "reconciler-test/stock", "1")
    try:
        runtime.list()
        assert mine not in {image.name for image in runtime.node_images().images or ()}, "it is not listed each time"
        runtime._inventory.changed()
        runtime.list()
        assert mine in {image.name for image in runtime.node_images().images or ()}
    finally:
        client.images.remove(mine)

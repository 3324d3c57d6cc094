"""Unused images that we brought go; everything else on the Engine stays."""

import logging
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from agent.engine.client import engine_client
from agent.engine.images.ensure import Images
from agent.engine.images.gc import ImageCollector
from agent.engine.images.origins import Origins
from agent.engine.images.ours import ImageRecord
from reconciler.manifest.images import image_reference
from tests.agent.engine.fixtures import client  # noqa: F401 - fixture
from tests.agent.engine.parts import component
from tests.support.file_server import FileServer, serve_folder
from tests.support.images import BUSYBOX, WEB, present, save_tar

# ruff: noqa: F811 - the fixture's name
pytestmark = pytest.mark.docker

HOUR, DAY = 3600.0, 86400.0


class Node:
    """The image side of an agent, at a time and with a disk that the test sets."""

    def __init__(self, client: docker.DockerClient, folder: Path, server: FileServer) -> None:
        self.now = 1_000_000_000.0
        self.shares = [0.5]
        """How full the disk is; the last one stays."""
        self._client, self._folder, self._server = client, folder, server
        self._connection = engine_client(60)
        self._record = ImageRecord(folder / "images.json", lambda: self.now)
        origins = Origins(folder / "downloads")
        self._images = Images(self._connection, folder / "downloads", self._record, origins)
        self._cleaner = ImageCollector(
            self._connection, self._record, origins, 7 * DAY, lambda _: self._share(), lambda: self.now
        )

    def fetch(self, name: str | None, **fields: str) -> None:
        """Have an image, as a deploy has it."""
        self._images.ensure(component(**{"image_name": name, **fields}), lambda share, line: None)

    def load(self, name: str, of: str = BUSYBOX) -> str:
        """Have an image that is a new one by this name, out of a tar at the URL returned."""
        url = self.serve(name, of)
        self.fetch(name, image_url=url)
        return url

    def serve(self, name: str, of: str = BUSYBOX) -> str:
        """Serve a tar of an image with this name that no other name on the Engine means; its URL."""
        repository, _, tag = name.rpartition(":")
        made = self._client.containers.create(of, ["true"])
        made.commit(repository, tag, conf={"Labels": {"unique": uuid.uuid4().hex}})
        made.remove()
        path = save_tar(self._client, name, self._server.folder)
        path = path.rename(path.with_name(f"{uuid.uuid4().hex}.tar"))
        self._client.api.remove_image(name)
        return f"{self._server.url}/{path.name}"

    def clean(self, later: float) -> None:
        """Look for unused images so many seconds later."""
        self.now += later
        self._cleaner.collect()

    def close(self) -> None:
        self._connection.close()

    def _share(self) -> float:
        return self.shares.pop(0) if len(self.shares) > 1 else self.shares[0]


@pytest.fixture
def node(client: docker.DockerClient, tmp_path: Path) -> Iterator[Node]:
    folder = tmp_path / "served"
    folder.mkdir()
    with serve_folder(folder) as server:
        made = Node(client, tmp_path, server)
        yield made
        made.close()


@pytest.fixture
def names(client: docker.DockerClient) -> Iterator[list[str]]:
    """Image names of this test alone; their images are removed afterwards."""
    made = [f"reconciler-test/clean-{uuid.uuid4().hex[:8]}:{letter}" for letter in "abc"]
    yield made
    for name in made:
        if present(client, name):
            client.images.remove(name, force=True)


def test_what_we_brought_goes_after_a_week_and_what_was_there_stays(
    node: Node, client: docker.DockerClient, names: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    ours, theirs, _ = names
    client.api.tag(WEB, *theirs.rsplit(":", 1))
    node.load(ours)
    node.fetch(theirs)
    node.clean(later=6 * DAY)
    assert present(client, ours)
    with caplog.at_level(logging.INFO):
        node.clean(later=1 * DAY)
    assert not present(client, ours)
    assert present(client, theirs) and present(client, WEB)
    assert f"removed image {ours}: unused for 7 days" in caplog.messages


def test_an_image_in_a_stranger_s_container_stays_until_that_is_gone(
    node: Node, client: docker.DockerClient, names: list[str]
) -> None:
    node.load(names[0])
    stranger = client.containers.create(names[0], ["true"])
    try:
        node.clean(later=30 * DAY)
        assert present(client, names[0])
    finally:
        stranger.remove()
    node.clean(later=6 * DAY)
    assert present(client, names[0]), "the container counts as a use"
    node.clean(later=1 * DAY)
    assert not present(client, names[0])


def test_a_full_disk_takes_the_longest_unused_and_no_more_than_it_must(
    node: Node, client: docker.DockerClient, names: list[str]
) -> None:
    for name in names:
        node.load(name)
        node.now += 2 * HOUR
    node.fetch(names[0])
    node.shares = [0.9, 0.8]
    node.clean(later=0)
    assert [present(client, name) for name in names] == [True, False, True]
    node.shares = [0.99]
    node.clean(later=0.5 * HOUR)
    assert [present(client, name) for name in names] == [True, False, False], "one was used within the hour"


def test_an_image_that_lost_its_name_to_a_newer_one_goes_too(
    node: Node, client: docker.DockerClient, names: list[str]
) -> None:
    name = names[0]
    first, second = node.serve(name), node.serve(name)
    node.fetch(name, image_url=first)
    older = client.api.inspect_image(name)["Id"]
    node.now += DAY
    node.fetch(name, image_url=second)
    assert client.api.inspect_image(name)["Id"] != older
    node.clean(later=6 * DAY)
    assert present(client, older), "it had the name until a day later"
    node.fetch(name, image_url=second)
    node.clean(later=1 * DAY)
    assert present(client, name) and not present(client, older)


def test_what_a_tar_holds_goes_under_all_of_its_names(
    node: Node, client: docker.DockerClient, names: list[str]
) -> None:
    url = node.serve(names[0])
    node.fetch(None, image_url=url)
    made = image_reference(component(image_name=None, image_url=url))
    assert present(client, made) and present(client, names[0])
    node.clean(later=7 * DAY)
    assert not present(client, made) and not present(client, names[0])


def test_a_name_that_others_gave_to_their_image_is_left_alone(
    node: Node, client: docker.DockerClient, names: list[str]
) -> None:
    node.load(names[0])
    client.api.tag(WEB, *names[0].rsplit(":", 1))
    node.clean(later=30 * DAY)
    assert client.api.inspect_image(names[0])["Id"] == client.api.inspect_image(WEB)["Id"]


def test_an_image_is_got_again_after_it_was_removed(node: Node, client: docker.DockerClient, names: list[str]) -> None:
    url = node.load(names[0])
    node.clean(later=30 * DAY)
    assert not present(client, names[0])
    node.fetch(names[0], image_url=url)
    node.clean(later=1 * DAY)
    assert present(client, names[0])

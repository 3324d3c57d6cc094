"""Images come from where the component says, once, and the reason is plain where they can't be had."""

import hashlib
import io
import tarfile
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import pytest

from agent.engine.client import engine_client
from agent.engine.images.ensure import Images
from agent.engine.images.origins import Origins
from agent.engine.images.ours import ImageRecord
from agent.engine.runtime import DockerRuntime
from agent.runtime.contract import RuntimeFailure
from reconciler.manifest.images import image_reference
from reconciler.wire.messages import Status
from tests.agent.engine.fixtures import client, node_id, runtime  # noqa: F401 - fixtures
from tests.agent.engine.parts import component, deploy
from tests.support.file_server import FileServer, serve_folder
from tests.support.images import BUSYBOX, WEB, present, save_tar
from tests.support.registry import registry
from tests.support.waiting import wait_until

# ruff: noqa: F811 - the fixtures' names
pytestmark = pytest.mark.docker


@pytest.fixture
def images(tmp_path: Path) -> Iterator[Images]:
    connection = engine_client(60)
    downloads = tmp_path / "downloads"
    yield Images(connection, downloads, ImageRecord(tmp_path / "images.json"), Origins(downloads))
    connection.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FileServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    with serve_folder(folder) as made:
        yield made


@pytest.fixture
def name(client: docker.DockerClient) -> Iterator[str]:
    """An image name of this test alone; its image is removed afterwards."""
    made = f"reconciler-test/own:{uuid.uuid4().hex[:8]}"
    yield made
    if present(client, made):
        client.images.remove(made, force=True)


def serve_image(client: docker.DockerClient, server: FileServer, name: str, of: str = BUSYBOX) -> str:
    """Serve a tar that holds `name`, an image which the Engine then has not; its URL."""
    repository, _, tag = name.rpartition(":")
    client.api.tag(of, repository, tag)
    path = save_tar(client, name, server.folder)
    client.api.remove_image(name)
    return f"{server.url}/{path.name}"


def silent(share: float | None, line: str) -> None:
    """Nobody looks."""


def test_an_image_that_is_there_asks_nobody(images: Images, server: FileServer) -> None:
    images.ensure(component(image_url=f"{server.url}/none.tar"), silent)
    images.ensure(component(pull_policy="never"), silent)
    assert server.requests == []


def test_never_means_never(images: Images, name: str) -> None:
    with pytest.raises(RuntimeFailure, match=f"image {name} is not on this node, and pull_policy is never"):
        images.ensure(component(image_name=name, pull_policy="never"), silent)


def test_a_tar_is_loaded_once_for_all_who_wait(
    images: Images, client: docker.DockerClient, server: FileServer, name: str, tmp_path: Path
) -> None:
    url = serve_image(client, server, name)
    sha256 = hashlib.sha256((server.folder / url.rpartition("/")[2]).read_bytes()).hexdigest()
    wanted = component(image_name=name, image_url=url, image_sha256=sha256)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: images.ensure(wanted, silent), range(6)))
    assert present(client, name)
    assert len(server.requests) == 1
    assert not list((tmp_path / "downloads").glob("*.part"))


def test_different_images_do_not_wait_for_each_other(
    images: Images, client: docker.DockerClient, server: FileServer, name: str
) -> None:
    other = f"{name}-b"
    urls = {one: serve_image(client, server, one) for one in (name, other)}
    server.gate.clear()
    threads = [
        threading.Thread(target=images.ensure, args=(component(image_name=one, image_url=url), silent))
        for one, url in urls.items()
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(server.requests) == 2, what="both downloads at once")
    server.gate.set()
    for thread in threads:
        thread.join()
    assert present(client, name) and present(client, other)
    client.images.remove(other)


def test_always_asks_again_and_loads_what_is_new(
    images: Images, client: docker.DockerClient, server: FileServer, name: str
) -> None:
    url = serve_image(client, server, name)
    wanted = component(image_name=name, image_url=url, pull_policy="always")
    images.ensure(wanted, silent)
    images.ensure(wanted, silent)
    assert [status for _, _, status in server.requests] == [200, 304]
    before = client.api.inspect_image(name)["Id"]
    client.api.remove_image(name)
    serve_image(client, server, name, of=WEB)
    images.ensure(wanted, silent)
    assert client.api.inspect_image(name)["Id"] != before


def test_a_new_url_or_checksum_under_the_same_name_is_another_image(
    images: Images, client: docker.DockerClient, server: FileServer, name: str
) -> None:
    first = serve_image(client, server, name)
    images.ensure(component(image_name=name, image_url=first), silent)
    before = client.api.inspect_image(name)["Id"]
    (server.folder / first.rpartition("/")[2]).rename(server.folder / "v1.tar")
    client.api.remove_image(name)
    serve_image(client, server, name, of=WEB)
    (server.folder / first.rpartition("/")[2]).rename(server.folder / "v2.tar")
    images.ensure(component(image_name=name, image_url=f"{server.url}/v1.tar"), silent)
    assert client.api.inspect_image(name)["Id"] == before
    images.ensure(component(image_name=name, image_url=f"{server.url}/v2.tar"), silent)
    assert client.api.inspect_image(name)["Id"] != before
    with pytest.raises(RuntimeFailure, match="image_sha256 says"):
        images.ensure(component(image_name=name, image_url=f"{server.url}/v2.tar", image_sha256="1" * 64), silent)


def test_a_tar_without_a_name_for_it_runs(
    runtime: DockerRuntime, client: docker.DockerClient, server: FileServer, name: str
) -> None:
    wanted = deploy(image_name=None, image_url=serve_image(client, server, name))
    runtime.ensure_image(wanted.component, silent)
    runtime.create(wanted)
    assert [one.status for one in runtime.list()] == [Status.RUNNING]
    runtime.stop(runtime.list()[0].container_id)
    client.images.remove(image_reference(wanted.component))


def test_a_tar_of_another_image_is_named(
    images: Images, client: docker.DockerClient, server: FileServer, name: str
) -> None:
    url = serve_image(client, server, name)
    with pytest.raises(RuntimeFailure, match=f"holds {name}, not shop/web:2; set image_name to what it holds"):
        images.ensure(component(image_name="shop/web:2", image_url=url), silent)


def test_what_is_no_image_is_said(images: Images, server: FileServer, name: str) -> None:
    (server.folder / "page.tar").write_bytes(b"<!DOCTYPE html><html>sign in</html>")
    (server.folder / "noise.tar").write_bytes(b"noise" * 1000)
    flat = io.BytesIO()
    with tarfile.open(fileobj=flat, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("etc-hosts"), io.BytesIO())
    (server.folder / "flat.tar").write_bytes(flat.getvalue())
    (server.folder / "cut.tar").write_bytes(b"\x1f\x8b\x08" + b"\x00" * 600)
    expected = {
        "page": "is a web page",
        "noise": "is no tar archive",
        "flat": "holds no image as `docker save` writes them",
        "cut": "is damaged or no tar archive",
    }
    for file, reason in expected.items():
        with pytest.raises(RuntimeFailure, match=reason):
            images.ensure(component(image_name=name, image_url=f"{server.url}/{file}.tar"), silent)


def test_a_registry_is_pulled_from_and_its_errors_are_plain(
    images: Images, client: docker.DockerClient, server: FileServer, tmp_path: Path
) -> None:
    with registry(client, tmp_path) as store:
        full = store.push(BUSYBOX, "shop/web:1")
        lines: list[str] = []
        images.ensure(component(image_name=full), lambda _, line: lines.append(line))
        assert present(client, full)
        assert lines[0] == f"pulling {full}"
        images.ensure(component(image_name=full, pull_policy="always"), silent)
        client.images.remove(full)
        with pytest.raises(
            RuntimeFailure, match=f"cannot pull {store.host}/shop/web:9: the registry has no such image"
        ):
            images.ensure(component(image_name=f"{store.host}/shop/web:9"), silent)
        images.ensure(component(image_name=full, image_url=f"{server.url}/none.tar"), silent)
        assert server.requests == [], "a name with a registry is pulled first"
        client.images.remove(full)
    with pytest.raises(RuntimeFailure, match=r"the registry refuses the connection; then .* HTTP 404"):
        images.ensure(component(image_name=full, image_url=f"{server.url}/none.tar"), silent)

"""An Engine that goes away is said plainly, and heard of again as soon as it is back."""

import shutil
import socket
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.engine.runtime import DockerRuntime
from agent.runtime.contract import RuntimeFailure
from tests.agent.engine.fixtures import client, node_id  # noqa: F401 - fixtures
from tests.agent.engine.parts import deploy
from tests.support.waiting import wait_until

# ruff: noqa: F811 - the fixtures' names
pytestmark = pytest.mark.docker

ENGINE = "/var/run/docker.sock"


@contextmanager
def engine_at(path: Path) -> Iterator[None]:
    """The Engine at another socket, which goes away, with its connections, at the end."""
    connections: list[socket.socket] = []

    def copy(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return

    class Passing(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as engine:
                engine.connect(ENGINE)
                connections.extend((self.request, engine))
                back = threading.Thread(target=copy, args=(engine, self.request), daemon=True)
                back.start()
                copy(self.request, engine)
                back.join()

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True
        block_on_close = False

    server = Server(str(path), Passing)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        path.unlink()
        server.shutdown()
        server.server_close()
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        thread.join()


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket's."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def test_an_engine_that_comes_back_is_listened_to_again(
    node_id: str, tmp_path: Path, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = short_folder / "engine.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    heard = threading.Event()
    with engine_at(path):
        runtime = DockerRuntime.connect(node_id, tmp_path)
        runtime.watch(heard.set)
        assert heard.wait(10)
        container_id = runtime.create(deploy())
        assert len(runtime.list()) == 1
    with pytest.raises(RuntimeFailure, match="the Docker Engine does not answer"):
        runtime.list()
    heard.clear()
    with engine_at(path):
        assert heard.wait(10), "the Engine's return is a change"
        heard.clear()
        assert [one.container_id for one in runtime.list()] == [container_id]
        runtime.stop(container_id)
        assert heard.wait(10)
        wait_until(lambda: runtime.list() == [], what="the removal")
        runtime.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "docker-events" and thread.is_alive()]

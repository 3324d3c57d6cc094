"""Debian's docker-registry on a free loopback port, for tests that pull."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
import requests

from tests.support.waiting import wait_until

CONFIG = """\
version: 0.1
log: {level: error}
storage:
  filesystem: {rootdirectory: ROOT}
  delete: {enabled: true}
http: {addr: ADDRESS}
"""


@dataclass(frozen=True)
class Registry:
    """A running registry; `host` is what its images' names begin with."""

    host: str
    client: docker.DockerClient

    def push(self, image: str, name: str) -> str:
        """Push a local image under this name; its full name, which the Engine does not keep."""
        full = f"{self.host}/{name}"
        repository, _, tag = full.rpartition(":")
        self.client.api.tag(image, repository, tag)
        for line in self.client.api.push(repository, tag, stream=True, decode=True):
            assert "error" not in line, line
        self.client.api.remove_image(full)
        return full


@contextmanager
def registry(client: docker.DockerClient, folder: Path) -> Iterator[Registry]:
    """Run a registry that keeps its images in `folder`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    config = folder / "registry.yml"
    config.write_text(CONFIG.replace("ROOT", str(folder / "images")).replace("ADDRESS", address))
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=log, stderr=log)
    try:
        wait_until(lambda: process.poll() is not None or answers(address), what="the registry to answer")
        assert process.poll() is None, (folder / "registry.log").read_text()
        yield Registry(address, client)
    finally:
        process.terminate()
        process.wait(10)


def answers(address: str) -> bool:
    """Whether a registry answers there."""
    try:
        return requests.get(f"http://{address}/v2/", timeout=2).ok
    except requests.RequestException:
        return False

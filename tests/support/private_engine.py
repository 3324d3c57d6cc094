"""A Docker Engine of a test's own, which may be killed: the machine's Engine is not ours to end."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from tests.support.waiting import wait_until

NEEDS = ("unshare", "dockerd", "containerd", "runc")


class PrivateEngine:
    """An Engine under `folder`, in a network namespace of its own, where it can harm no other one's bridges."""

    def __init__(self, folder: Path, options: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.options = options
        self.url = f"unix://{folder}/d.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> docker.DockerClient:
        """Start it, and return a client once it answers."""
        # What a killed Engine leaves behind keeps the next one from starting.
        for left in ("d.pid", "exec/containerd/containerd.pid"):
            (self.folder / left).unlink(missing_ok=True)
        with (self.folder / "dockerd.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *("unshare", "--net", "dockerd"),
                    *("--host", self.url),
                    *("--data-root", str(self.folder / "data")),
                    *("--exec-root", str(self.folder / "exec")),
                    *("--pidfile", str(self.folder / "d.pid")),
                    *("--bridge", "none", "--iptables=false", "--ip6tables=false"),
                    *self.options,
                ],
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, 60, "the Engine to answer")
        return docker.DockerClient(base_url=self.url, timeout=60)

    def end(self, how: str) -> None:
        """`terminate` or `kill` it, and wait until it is gone."""
        assert self.process is not None
        getattr(self.process, how)()
        self.process.wait(60)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "dockerd.log").read_text()[-2000:]
        try:
            client = docker.DockerClient(base_url=self.url, timeout=5)
            client.ping()
        except DockerException:
            return False
        client.close()
        return True


@contextmanager
def private_engine(*options: str) -> Iterator[PrivateEngine]:
    """An Engine with these options of `dockerd` that has ended, with all of its containers, when the test has.

    Its folder is not the test's own, whose path is too long for the sockets that an Engine makes.
    """
    if os.geteuid() != 0 or not all(shutil.which(program) for program in NEEDS):
        reason = f"a Docker Engine of our own needs root and {', '.join(NEEDS)}"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="engine-"))
    made = PrivateEngine(folder, options)
    try:
        yield made
    finally:
        if made.process is not None:
            if made.process.poll() is not None:
                made.start()
            client = docker.DockerClient(base_url=made.url, timeout=60)
            for container in client.containers.list(all=True, ignore_removed=True):
                container.remove(force=True)
            made.end("terminate")
        # An Engine that was killed leaves its data directory mounted.
        subprocess.run(["umount", str(folder / "data")], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)

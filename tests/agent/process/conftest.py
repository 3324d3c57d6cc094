"""Real programs of this host under a runtime of their own, and how a test hears of them without looking again and again."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.process.runtime import ProcessRuntime
from agent.runtime.contract import Running
from reconciler.manifest.model import Component
from reconciler.wire.messages import Deploy

WAIT_SECONDS = 120.0
"""How long a test waits for what must come; it is no measure of anything."""


def deploy(*command: str, digest: str = "d1", version: int = 1, **fields: Any) -> Deploy:
    """A deploy of the program `shop/web/0`."""
    component = Component(component_id="web", component_name="web", type="process", command=command, **fields)
    return Deploy(business_id="shop", component=component, instance=0, digest=digest, version=version)


class Programs:
    """A process runtime, and all that it tells."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._told = threading.Condition()
        self._fifos = 0
        self.runtime = self.open()

    def open(self) -> ProcessRuntime:
        """The runtime of the next agent of this node."""
        self.runtime = ProcessRuntime("node-1", self.root)
        self.runtime.watch(self._changed)
        return self.runtime

    def wait(self, wanted: Callable[[Running], bool]) -> Running:
        """The only instance, once it is as wanted."""
        with self._told:
            assert self._told.wait_for(lambda: wanted(self.one()), WAIT_SECONDS), self.one()
            return self.one()

    def one(self) -> Running:
        (only,) = self.runtime.list()
        return only

    def pid(self) -> int:
        """The only instance's pid."""
        pid = next(iter(self.runtime._caretakers.values())).program.pid
        assert pid is not None
        return pid

    def fifo(self) -> Path:
        """A pipe into which a program writes a line when it has come so far."""
        self._fifos += 1
        path = self.root / f"fifo-{self._fifos}"
        os.mkfifo(path)
        return path

    def close(self) -> None:
        for running in self.runtime.list():
            self.runtime.stop(running.container_id, 0.0)
        self.runtime.close()

    def _changed(self) -> None:
        with self._told:
            self._told.notify_all()


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    made = Programs(tmp_path)
    yield made
    made.close()

"""A runtime whose containers are entries of a dictionary: quick, true to the protocol, able to misbehave on request."""

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from time import monotonic

from agent.runtime.contract import SILENCE, LogQuery, NodeImages, Piece, ProgressCallback, Running, RuntimeFailure
from reconciler.manifest.digest import digest
from reconciler.manifest.model import Component
from reconciler.wire.messages import Deploy, InstanceKey, Status, Stop, reservation_of
from reconciler.wire.reports import Usage
from reconciler.wire.streams import LogChunk, LogLine

WAIT_SECONDS = 30.0
POLL_SECONDS = 0.02


class MemoryRuntime:
    """What it holds outlives supervisors, as containers outlive agents."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._watchers: list[Callable[[], None]] = []
        self.containers: dict[str, Running] = {}
        self.created: list[tuple[InstanceKey, str, int]] = []
        self.most_at_once: dict[InstanceKey, int] = {}
        self.failures: dict[str, str] = {}
        self.gates: dict[str, threading.Event] = {}
        self.reached: dict[str, threading.Event] = {}
        self.says: dict[str, list[tuple[float | None, str]]] = {}
        self.polls_progress = False
        self.has = NodeImages()
        self.begins_as: dict[str, Status] = {}
        self.executions: list[MemoryExecution] = []

    # -- the protocol

    def ensure_image(self, component: Component, progress: ProgressCallback) -> None:
        image = component.image_name or ""
        for share, line in self.says.get(image, []):
            progress(share, line)
        self._pass(f"image {image}", (lambda: progress(0.5, "half")) if self.polls_progress else None)

    def create(self, deploy: Deploy, alongside: bool = False) -> str:
        self._pass(f"create {deploy.component.image_name}")
        status = self.begins_as.get(deploy.component.image_name or "", Status.RUNNING)
        with self._lock:
            container_id = f"c{next(self._numbers):063d}"
            self.containers[container_id] = Running(
                deploy.key,
                container_id,
                deploy.digest,
                deploy.version,
                status,
                reservation=reservation_of(deploy.component, deploy.gpu_devices),
                singleton=deploy.component.singleton,
                started_at=1000.0 + len(self.created),
            )
            self.created.append((deploy.key, deploy.component.image_name or "", deploy.version))
            self.most_at_once[deploy.key] = max(self.most_at_once.get(deploy.key, 0), len(self.of(deploy.key)))
        return container_id

    def holding_networks(self, deploy: Deploy) -> AbstractContextManager[None]:
        return nullcontext()

    def promote(self, container_id: str, key: InstanceKey) -> None:
        self._pass("promote")

    def limit(self, container_id: str, deploy: Deploy) -> None:
        self._pass("limit")
        with self._lock:
            reservation = reservation_of(deploy.component, deploy.gpu_devices)
            self.containers[container_id] = replace(self.containers[container_id], reservation=reservation)

    def stop(self, container_id: str, within: float | None = None) -> None:
        self._pass("stop")
        with self._lock:
            self.containers.pop(container_id, None)

    def list(self) -> list[Running]:
        self._pass("list")
        with self._lock:
            return list(self.containers.values())

    def node_images(self) -> NodeImages:
        return self.has

    def stats(self, container_ids: Iterable[str]) -> dict[str, Usage]:
        with self._lock:
            return {one: Usage(cpu_percent=1.5, memory_mb=8) for one in container_ids if one in self.containers}

    def logs(self, container_id: str, wanted: LogQuery) -> LogChunk:
        self._pass("logs")
        return LogChunk(lines=(LogLine(text=f"I am {container_id}"),), cursor=f"{container_id} 1")

    def exec(self, container_id: str, command: Sequence[str]) -> "MemoryExecution":
        self._pass("exec")
        execution = MemoryExecution(list(command))
        self.executions.append(execution)
        return execution

    def watch(self, changed: Callable[[], None]) -> None:
        with self._lock:
            self._watchers.append(changed)

    def close(self) -> None:
        with self._lock:
            self._watchers.clear()

    # -- what a test does to it

    def hang(self, step: str) -> threading.Event:
        """Have `step` (`image NAME`, `create NAME`, `stop`, `list`) wait for the event that this returns."""
        self.gates[step] = threading.Event()
        self.reached[step] = threading.Event()
        return self.gates[step]

    def wait_reached(self, step: str) -> None:
        assert self.reached[step].wait(WAIT_SECONDS), f"{step} was not reached"

    def end(self, container_id: str, message: str = "exit code 1") -> None:
        """The container ends by itself, for good."""
        with self._lock:
            running = self.containers[container_id]
            self.containers[container_id] = replace(running, status=Status.FAILED, message=message, ended=True)
        self.announce()

    def revive(self, container_id: str) -> None:
        """The container runs again by itself."""
        with self._lock:
            running = self.containers[container_id]
            self.containers[container_id] = replace(running, status=Status.RUNNING, message="", ended=False)
        self.announce()

    def announce(self) -> None:
        for changed in tuple(self._watchers):
            changed()

    def of(self, key: InstanceKey) -> tuple[Running, ...]:
        with self._lock:
            return tuple(running for running in self.containers.values() if running.key == key)

    def _pass(self, step: str, meanwhile: Callable[[], None] | None = None) -> None:
        if step in self.gates:
            self.reached[step].set()
            deadline = monotonic() + WAIT_SECONDS
            while not self.gates[step].wait(POLL_SECONDS) and monotonic() < deadline:
                if meanwhile:
                    meanwhile()
        if step in self.failures:
            raise RuntimeFailure(self.failures[step])


class MemoryExecution:
    """A command that writes its words, each letter of its own on stdout and all at once on stderr, and ends well.

    The command `wait` is silent until it is ended.
    """

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.ended = threading.Event()

    def output(self) -> Iterator[Piece]:
        if self.command == ["wait"]:
            while not self.ended.wait(POLL_SECONDS):
                yield SILENCE
            return
        data = " ".join(self.command).encode()
        for place in range(len(data)):
            yield "stdout", data[place : place + 1]
        yield "stderr", data + b"\xff"

    def exit_code(self) -> int:
        return 5

    def end(self) -> bool:
        self.ended.set()
        return True


def a_deploy(image: str = "app:1", version: int = 1, instance: int = 0, component_id: str = "web") -> Deploy:
    """A deploy of `shop/web/0`, told apart by its image."""
    component = Component(component_id=component_id, component_name=component_id, image_name=image)
    return Deploy(business_id="shop", component=component, instance=instance, digest=digest(component), version=version)


def a_stop(version: int = 0, instance: int = 0, component_id: str = "web") -> Stop:
    return Stop(business_id="shop", component_id=component_id, instance=instance, version=version)

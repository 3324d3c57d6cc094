"""Accepts deploys and stops, sees that the newest of them comes true, and knows what this node runs.

It promises: a message is accepted at once and carried on in the background; a repeated one changes nothing; an
older one is refused, so that a late message can never undo a newer one; a failure is reported and left to the
manager to retry; ending the agent ends no instance.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from agent.runtime.contract import LogQuery, NodeImages, Runtime
from agent.supervisor.exec_sessions import Executions, Frames
from agent.supervisor.inventory import Inventory
from agent.supervisor.ledger import Copy, Ledger, Note, Relinquish, Tidy
from agent.supervisor.worker import Worker, drifted, limits_differ, runs, under_way
from reconciler.wire.messages import Deploy, Exec, InstanceKey, InstanceReport, LogChunk, Status, Stop, Usage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A deploy is in hand. `container_id` is known when what was asked for runs already."""

    container_id: str | None = None


class Superseded(Exception):
    """A message is older than what the instance has seen already."""

    def __init__(self, key: InstanceKey, version: int, newest: int) -> None:
        super().__init__(f"{key}: version {version} is older than version {newest}, which this node has seen already")
        self.key, self.version, self.newest = key, version, newest


class UnknownRuntime(Exception):
    """A component's type is none that this node runs."""

    def __init__(self, kind: str, known: tuple[str, ...]) -> None:
        super().__init__(f"components of type {kind!r} can't run here; this node runs: {', '.join(known) or 'none'}")


class UnknownInstance(Exception):
    """Nothing of an instance is on this node."""


class Supervisor:
    """The instances of one node. Every method may be called from several threads at once."""

    def __init__(self, runtimes: Mapping[str, Runtime], changed: Callable[[InstanceReport], None]) -> None:
        """Adopt what the runtimes run. `changed` hears of every change, in order; it must not take long."""
        self._ledger = Ledger(changed)
        self._worker = Worker(self._ledger)
        self._executions = Executions()
        for kind, runtime in runtimes.items():
            self.offer(kind, runtime)

    def offer(self, kind: str, runtime: Runtime) -> None:
        """Run components of this type from now on with this runtime, and adopt what it runs already."""
        inventory = Inventory(kind, runtime, self._refreshed)
        with self._ledger.lock:
            self._ledger.inventories = {**self._ledger.inventories, kind: inventory}
        inventory.start()

    def deploy(self, deploy: Deploy) -> Accepted:
        """Have this run in the instance's place. Raises Superseded and UnknownRuntime."""
        key = deploy.key
        with self._ledger.lock:
            self.check_kind(deploy.component.type)
            entry = self._ledger.entry(key)
            self._check_version(key, deploy.version)
            entry.newest = deploy.version
            copies = self._ledger.copies(key)
            current = next((copy.running for copy in copies if runs(copy, deploy)), None)
            accepted = Accepted(current.container_id if current else None)
            same = current is not None and not limits_differ(copies[0], deploy) and not drifted(copies[0], deploy)
            if isinstance(entry.goal, Deploy) and entry.goal.digest == deploy.digest:
                entry.goal = deploy
                return accepted
            if same and len(copies) == 1 and entry.goal is None and not entry.acting:
                entry.note, entry.runs = None, (deploy.digest, deploy.version)
                turn = None
            else:
                note = None if current else under_way(deploy, Status.PENDING)
                turn = entry.take(deploy, note, ready=current is not None)
        self._ledger.tell(key)
        if turn is not None:
            self._worker.begin(key, turn)
        return accepted

    def stop(self, stop: Stop) -> None:
        """Have nothing of the instance run here. Version 0 means whatever runs now. Raises Superseded."""
        key = stop.key
        with self._ledger.lock:
            entry = self._ledger.entry(key)
            if stop.version:
                self._check_version(key, stop.version)
            entry.newest = max(stop.version, self._ledger.newest(key))
            if isinstance(entry.goal, Stop):
                return
            exists = bool(self._ledger.copies(key)) or entry.note is not None
            note = Note(Status.STOPPING) if exists else None
            if entry.note is not None and note is not None:
                note = Note(Status.STOPPING, entry.note.digest, entry.note.version, reservation=entry.note.reservation)
            turn = entry.take(stop, note, ready=True)
        self._ledger.tell(key)
        self._worker.begin(key, turn)

    def instances(self) -> list[InstanceReport]:
        """Every instance there is on this node, running, ended, under way or failed; sorted by key."""
        reports = self._ledger.reports()
        return [reports[key] for key in sorted(reports)]

    def relinquish(self, within: float) -> int:
        """End every singleton here, in at most so many seconds; how many that is now begun for."""
        begun = []
        with self._ledger.lock:
            for key in self._ledger.singletons():
                entry = self._ledger.entry(key)
                if not isinstance(entry.goal, Stop | Relinquish):
                    begun.append((key, entry.take(Relinquish(within), Note(Status.STOPPING), ready=True)))
        for key, turn in begun:
            self._ledger.tell(key)
            self._worker.begin(key, turn)
        return len(begun)

    def has_singletons(self) -> bool:
        """Whether any singleton is here, or under way."""
        with self._ledger.lock:
            return bool(self._ledger.singletons())

    def logs(self, key: InstanceKey, wanted: LogQuery) -> LogChunk:
        """Some of the instance's output. Raises UnknownInstance, and RuntimeFailure when it can't be read."""
        copy = self._copy(key)
        return copy.inventory.runtime.logs(copy.running.container_id, wanted)

    def exec(self, exec_: Exec) -> Frames:
        """Start a command inside an instance; its output, which the caller closes.

        Raises UnknownInstance, NotRunning, NotRunnable, and RuntimeFailure when too many run already.
        """
        copy = self._copy(exec_.key)
        start = partial(copy.inventory.runtime.exec, copy.running.container_id, exec_.command)
        return self._executions.start(start, exec_.timeout)

    def check_kind(self, kind: str) -> None:
        """Raises UnknownRuntime when this node can't run components of this type."""
        if kind not in self._ledger.inventories:
            raise UnknownRuntime(kind[:40], tuple(sorted(self._ledger.inventories)))

    def next_version(self, key: InstanceKey) -> int:
        """A version that no message about this instance has had."""
        with self._ledger.lock:
            return self._ledger.newest(key) + 1

    def available(self) -> tuple[str, ...]:
        """The component types this node can run now: those whose runtime answers."""
        return tuple(sorted(name for name, one in self._ledger.inventories.items() if one.available))

    def complete(self) -> bool:
        """Whether every runtime was listed at least once, so that `instances` leaves nothing out."""
        return all(inventory.listed for inventory in self._ledger.inventories.values())

    def stats(self) -> dict[InstanceKey, Usage]:
        """What each running instance uses now; those that can't be read are left out."""
        used: dict[InstanceKey, Usage] = {}
        for inventory in tuple(self._ledger.inventories.values()):
            keys = {one.container_id: one.key for one in inventory.found if one.status is Status.RUNNING}
            if keys and inventory.available:
                found = inventory.runtime.stats(tuple(keys))
                used |= {keys[one]: usage for one, usage in found.items() if one in keys}
        return used

    def node_images(self) -> NodeImages:
        """Which images are on this node, and how much room for more, as far as its runtimes know."""
        for inventory in tuple(self._ledger.inventories.values()):
            stock = inventory.runtime.node_images()
            if stock.images is not None:
                return stock
        return NodeImages()

    def close(self) -> None:
        """Stop working and watching, end commands under way, and let go of the runtimes. Ends no instance."""
        self._executions.close()
        self._worker.close()
        for inventory in self._ledger.inventories.values():
            inventory.close()

    def _copy(self, key: InstanceKey) -> Copy:
        """The newest of what there is of the instance. Raises UnknownInstance."""
        with self._ledger.lock:
            copies = self._ledger.copies(key)
        if not copies:
            raise UnknownInstance(f"nothing of {key} is on this node; 'reconciler status {key.business_id}' says why")
        return copies[0]

    def _check_version(self, key: InstanceKey, version: int) -> None:
        newest = self._ledger.newest(key)
        if version < newest:
            raise Superseded(key, version, newest)

    def _refreshed(self) -> None:
        self._ledger.expire()
        self._ledger.tell_all()
        for key in tuple(self._ledger.crowded()):
            with self._ledger.lock:
                entry = self._ledger.entry(key)
                if entry.goal is not None or entry.acting:
                    continue
                turn = entry.take(Tidy(), entry.note, ready=True)
            self._worker.begin(key, turn)
        self._ledger.forget()

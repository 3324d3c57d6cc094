"""Components of type `process`: supervised host programs with the life of a container.

Each instance has a folder `processes/BUSINESS/COMPONENT/N` under the agent's state directory with its record, its
config files (its working directory, made anew for each version) and its output.
"""

import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from agent.process.caretaker import Caretaker
from agent.process.exec import HostExecution
from agent.process.launch import account, require_program
from agent.process.program import Program
from agent.process.record import InstanceFolder, Record
from agent.process.usage import UsageSampler
from agent.runtime.contract import (
    LOG_BYTES_MAX,
    Execution,
    LogQuery,
    NodeImages,
    NotRunning,
    ProgressCallback,
    Running,
    RuntimeFailure,
)
from agent.runtime.log_cursor import LogCursor
from reconciler.manifest.model import Component
from reconciler.wire.messages import Deploy, InstanceKey, reservation_of
from reconciler.wire.reports import Usage
from reconciler.wire.streams import LogChunk, LogLine


class ProcessRuntime:
    """Runs programs of this host, each in the care of a thread. Implements `agent.runtime.contract.Runtime`.

    It has a method for each of the contract's, which are more than a class usually has.
    """

    def __init__(self, node_id: str, state_dir: Path) -> None:
        """Adopt what an earlier agent of this node started under the same state directory."""
        self._root = state_dir / "processes"
        self._root.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._watcher: Callable[[], None] | None = None
        self._caretakers: dict[InstanceKey, Caretaker] = {}
        self._usage = UsageSampler()
        for folder in InstanceFolder.all(self._root):
            record = folder.read()
            if record is not None:
                caretaker = Caretaker(Program(folder, record, self._changed))
                self._caretakers[record.deploy.key] = caretaker
                caretaker.adopt()

    def ensure_image(self, component: Component, progress: ProgressCallback) -> None:
        """Look whether the program is there: there is nothing to fetch. Raises RuntimeFailure."""
        require_program(component)

    def create(self, deploy: Deploy, alongside: bool = False) -> str:
        """Start the instance's program in place of an older version, never beside it. Raises RuntimeFailure."""
        key = deploy.key
        with self._lock:
            known = self._caretakers.get(key)
        if known is not None:
            record = known.program.record
            if record.deploy.digest == deploy.digest and known.program.pid is not None:
                return record.container_id
            self.stop(record.container_id)
        folder = InstanceFolder.of(self._root, key)
        folder.make(deploy.component.config_files, account(deploy.component.user))
        record = Record(deploy=deploy, container_id=f"process-{secrets.token_hex(12)}")
        caretaker = Caretaker(Program(folder, record, self._changed))
        with self._lock:
            assert key not in self._caretakers, f"rule 1: one program at a time for each instance, not two of {key}"
            self._caretakers[key] = caretaker
        try:
            caretaker.start()
        except RuntimeFailure:
            with self._lock:
                self._caretakers.pop(key, None)
            folder.remove()
            raise
        return record.container_id

    def holding_networks(self, deploy: Deploy) -> AbstractContextManager[None]:
        """Hold nothing: a program is on its host's network."""
        return nullcontext()

    def promote(self, container_id: str, key: InstanceKey) -> None:
        """Do nothing: a program has its place from the start."""

    def limit(self, container_id: str, deploy: Deploy) -> None:
        """Note the deploy's resource limits, which are reserved and not enforced."""
        caretaker = self._of(container_id)
        if caretaker is not None:
            caretaker.program.note(deploy=deploy)

    def stop(self, container_id: str, within: float | None = None) -> None:
        """End a program and all it started, at most `within` seconds from now, and remove its folder.

        Raises RuntimeFailure when something of it does not end though it was killed.
        """
        caretaker = self._of(container_id)
        if caretaker is None:
            return
        caretaker.stop(within)
        key = caretaker.program.record.deploy.key
        with self._lock:
            if self._caretakers.get(key) is caretaker:
                del self._caretakers[key]
        self._usage.forget(container_id)
        caretaker.program.folder.remove()
        self._changed()

    def list(self) -> list[Running]:
        """List every instance there is."""
        return [_running(caretaker.program.record) for caretaker in self._all()]

    def node_images(self) -> NodeImages:
        """Return nothing: programs need no images."""
        return NodeImages()

    def stats(self, container_ids: Iterable[str]) -> dict[str, Usage]:
        """Measure CPU in percent of one core since the last call, and resident memory, of all that each has started."""
        found = {}
        for container_id in container_ids:
            caretaker = self._of(container_id)
            pid = caretaker.program.pid if caretaker else None
            if pid is not None:
                found[container_id] = self._usage.sample(container_id, pid)
        return found

    def logs(self, container_id: str, wanted: LogQuery) -> LogChunk:
        """Read some of what the program wrote; nobody notes when. The cursor's place is a byte of the file."""
        caretaker = self._of(container_id)
        if caretaker is None:
            raise RuntimeFailure("it does not run here any more")
        folder = caretaker.program.folder
        if wanted.cursor:
            given = LogCursor.parse(wanted.cursor)
            seen = given.place if given.container_id == container_id else ""
            lines, end = folder.read_log(int(seen) if seen else 0, LOG_BYTES_MAX)
        else:
            lines, end = folder.last_log(wanted.tail, LOG_BYTES_MAX)
        cursor = LogCursor(container_id, str(end))
        return LogChunk(lines=tuple(LogLine(text=line) for line in lines), cursor=str(cursor))

    def exec(self, container_id: str, command: Sequence[str]) -> Execution:
        """Start a command on the host, as the program itself is. Raises NotRunning and NotRunnable."""
        caretaker = self._of(container_id)
        if caretaker is None or caretaker.program.pid is None:
            raise NotRunning("a command can't be run there now: the program does not run")
        program = caretaker.program
        return HostExecution(program.folder, program.record, command, lambda: self._of(container_id) is caretaker)

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever a program ends, is restarted, or becomes healthy or not."""
        self._watcher = changed

    def close(self) -> None:
        """Take care of the programs no more; they run on."""
        for caretaker in self._all():
            caretaker.let_go()
        for caretaker in self._all():
            caretaker.close()

    def _all(self) -> tuple[Caretaker, ...]:
        with self._lock:
            return tuple(self._caretakers.values())

    def _of(self, container_id: str) -> Caretaker | None:
        found = (one for one in self._all() if one.program.record.container_id == container_id)
        return next(found, None)

    def _changed(self) -> None:
        if self._watcher is not None:
            self._watcher()


def _running(record: Record) -> Running:
    deploy = record.deploy
    return Running(
        key=deploy.key,
        container_id=record.container_id,
        digest=deploy.digest,
        version=deploy.version,
        status=record.status,
        message=record.message,
        reservation=reservation_of(deploy.component, deploy.gpu_devices),
        restart_count=record.restart_count,
        started_at=record.started_at,
        ended=record.ended,
        singleton=deploy.component.singleton,
    )

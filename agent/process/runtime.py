"""Components of type `process`: supervised host programs with the life of a container.

Each instance has a folder `processes/BUSINESS/COMPONENT/N` under the agent's state directory with its record, its
config files (its working directory, made anew for each version) and its output.
"""

import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import psutil

from agent.process.exec import HostExecution
from agent.process.launch import BASE, account
from agent.process.proc import session_members
from agent.process.program import Program
from agent.process.record import InstanceFolder, Record
from agent.runtime.contract import (
    LOG_BYTES,
    Execution,
    LogQuery,
    NodeImages,
    NotRunning,
    ProgressCallback,
    Running,
    RuntimeFailure,
)
from reconciler.manifest.model import Component
from reconciler.wire.messages import Deploy, InstanceKey, LogChunk, LogLine, Usage, reservation_of


class ProcessRuntime:
    """Runs programs of this host. Implements `agent.runtime.contract.Runtime`."""

    def __init__(self, node_id: str, state_dir: Path) -> None:
        """Adopt what an earlier agent of this node started under the same state directory."""
        self._root = state_dir / "processes"
        self._root.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._watcher: Callable[[], None] | None = None
        self._programs: dict[InstanceKey, Program] = {}
        self._cpu: dict[str, tuple[float, float]] = {}
        for folder in InstanceFolder.all(self._root):
            record = folder.read()
            if record is not None:
                program = Program(folder, record, self._changed)
                self._programs[record.deploy.key] = program
                program.adopt()

    def ensure_image(self, component: Component, progress: ProgressCallback) -> None:
        """There is nothing to fetch, only to look whether the program is there. Raises RuntimeFailure."""
        command = (component.command or ("",))[0]
        path = component.environment_variables.get("PATH", BASE["PATH"])
        if "/" not in command and shutil.which(command, path=path) is None:
            raise RuntimeFailure(f"there is no program '{command}' on this node (looked in {path})")
        if command.startswith("/") and not os.access(command, os.X_OK):
            own = {f"/{file.path.lstrip('/')}" for file in component.config_files}
            if command not in own:
                raise RuntimeFailure(f"there is no program {command} on this node that can be run")

    def create(self, deploy: Deploy, alongside: bool = False) -> str:
        """Start the instance's program in place of an older version, never beside it. Raises RuntimeFailure."""
        key = deploy.key
        with self._lock:
            known = self._programs.get(key)
        if known is not None:
            record = known.record
            if record.deploy.digest == deploy.digest and known.pid is not None:
                return record.container_id
            self.stop(record.container_id)
        folder = InstanceFolder.of(self._root, key)
        folder.make(deploy.component.config_files, account(deploy.component.user))
        program = Program(folder, Record(deploy=deploy, container_id=f"process-{secrets.token_hex(12)}"), self._changed)
        with self._lock:
            self._programs[key] = program
        try:
            program.start()
        except RuntimeFailure:
            with self._lock:
                self._programs.pop(key, None)
            folder.remove()
            raise
        return program.record.container_id

    def holding_networks(self, deploy: Deploy) -> AbstractContextManager[None]:
        """A program needs nothing that it shares."""
        return nullcontext()

    def promote(self, container_id: str, key: InstanceKey) -> None:
        """A program has its place from the start."""

    def limit(self, container_id: str, deploy: Deploy) -> None:
        """Note the new limits, which are promised and not enforced."""
        program = self._named(container_id)
        if program is not None:
            program.reservation(deploy)

    def stop(self, container_id: str, within: float | None = None) -> None:
        """End the program and all it started, at most `within` seconds from now, and remove its folder."""
        program = self._named(container_id)
        if program is None:
            return
        program.stop(within)
        key = program.record.deploy.key
        with self._lock:
            if self._programs.get(key) is program:
                del self._programs[key]
        self._cpu.pop(container_id, None)
        InstanceFolder.of(self._root, key).remove()
        self._changed()

    def list(self) -> list[Running]:
        """Every instance there is."""
        with self._lock:
            programs = list(self._programs.values())
        return [_running(program.record) for program in programs]

    def node_images(self) -> NodeImages:
        """Programs need no images."""
        return NodeImages()

    def stats(self, container_ids: Iterable[str]) -> dict[str, Usage]:
        """CPU in percent of one core since the last call, and resident memory, of all that each program started."""
        found = {}
        for container_id in container_ids:
            program = self._named(container_id)
            pid = program.pid if program else None
            if pid is not None:
                found[container_id] = self._usage(container_id, pid)
        return found

    def logs(self, container_id: str, wanted: LogQuery) -> LogChunk:
        """Some of what the program wrote; nobody notes when. The cursor is the place in the file."""
        program = self._named(container_id)
        if program is None:
            raise RuntimeFailure("it does not run here any more")
        owner, _, place = wanted.cursor.partition(" ")
        folder = InstanceFolder.of(self._root, program.record.deploy.key)
        if owner:
            lines, end = folder.read_log(int(place or 0) if owner == container_id else 0, LOG_BYTES)
        else:
            lines, end = folder.last_log(wanted.tail, LOG_BYTES)
        return LogChunk(lines=tuple(LogLine(text=line) for line in lines), cursor=f"{container_id} {end}")

    def exec(self, container_id: str, command: Sequence[str]) -> Execution:
        """Start a command on the host, as the program itself is. Raises NotRunning and NotRunnable."""
        program = self._named(container_id)
        if program is None or program.pid is None:
            raise NotRunning("a command can't be run there now: the program does not run")
        folder = InstanceFolder.of(self._root, program.record.deploy.key)
        return HostExecution(folder, program.record, command, lambda: self._named(container_id) is program)

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever a program ends, is restarted, or becomes healthy or not."""
        self._watcher = changed

    def close(self) -> None:
        """Take care of the programs no more; they run on."""
        with self._lock:
            programs = list(self._programs.values())
        for program in programs:
            program.close()

    def _named(self, container_id: str) -> Program | None:
        with self._lock:
            for program in self._programs.values():
                if program.record.container_id == container_id:
                    return program
        return None

    def _usage(self, container_id: str, pid: int) -> Usage:
        seconds = memory = 0.0
        for member in session_members(pid):
            try:
                process = psutil.Process(member)
                times = process.cpu_times()
                seconds += times.user + times.system
                memory += process.memory_info().rss / 2**20
            except psutil.Error:
                continue
        now = time.monotonic()
        then, before = self._cpu.get(container_id, (now, seconds))
        self._cpu[container_id] = (now, seconds)
        percent = 100 * max(seconds - before, 0.0) / (now - then) if now > then else 0.0
        return Usage(cpu_percent=percent, memory_mb=memory)

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

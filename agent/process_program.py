"""One supervised program: started, watched, restarted as its policy says, ended with everything it started.

The program is the leader of a session of its own, so that it outlives the agent, and so that all it started can be
found. Before it is started its record and a mark in its environment are there: an agent that dies in between
leaves nothing that the next one can't find.
"""

import grp
import os
import pwd
import resource
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import IO

import msgspec

from agent.process_health import Health
from agent.process_record import InstanceFolder, Record
from agent.process_system import end_session, find_marked, signal_number, start_ticks, wait_exit
from agent.runtime import RuntimeFailure
from reconciler.spec.model import Component
from reconciler.wire.messages import Deploy, Status

MARK = "RECONCILER_INSTANCE"
FIRST_DELAY, LONGEST_DELAY, STABLE_SECONDS = 0.5, 30.0, 10.0
"""Restarts wait twice as long each time, until the program has run stably."""
LOOK_SECONDS = 30.0
BASE = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/"}


class Program:
    """The program of one instance, in the care of a thread."""

    def __init__(self, folder: InstanceFolder, record: Record, changed: Callable[[], None]) -> None:
        self._folder = folder
        self._record = record
        self._changed = changed
        self._closing = threading.Event()
        self._wake = os.eventfd(0)
        self._child: subprocess.Popen[bytes] | None = None
        self._health = Health(record.deploy.component, environment(folder, record), str(folder.files))
        self._thread = threading.Thread(target=self._care, name=f"program-{record.deploy.key}", daemon=True)

    @property
    def record(self) -> Record:
        """What is known of it now."""
        return self._record

    def start(self) -> None:
        """Start it, and take care of it. Raises RuntimeFailure when it can't be started."""
        self._spawn()
        self._thread.start()

    def adopt(self) -> None:
        """Take care of what an earlier agent started, if it still runs."""
        if self._record.pid is None and not self._record.ended:
            pid = find_marked(MARK, self._record.container_id)
            if pid is not None:
                self._note(pid=pid, ticks=start_ticks(pid))
        if not self._record.ended:
            self._thread.start()

    def stop(self) -> None:
        """End it and all it started, with its own signal and grace period."""
        self.close()
        component = self._record.deploy.component
        if self.pid is not None:
            end_session(self.pid, signal_number(component.stop_signal), component.stop_grace_period)
        if self._child is not None:
            self._child.wait()

    def promise(self, deploy: Deploy) -> None:
        """It runs on, with the limits of this deploy."""
        self._note(deploy=deploy)

    def close(self) -> None:
        """Take no care of it any more; it runs on."""
        self._closing.set()
        os.eventfd_write(self._wake, 1)
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    @property
    def pid(self) -> int | None:
        """The program's pid, None when it does not run: a reused pid is not ours."""
        pid, ticks = self._record.pid, self._record.ticks
        return pid if pid is not None and ticks is not None and start_ticks(pid) == ticks else None

    def _care(self) -> None:
        """Follow the program through all its runs."""
        failures = 0
        while not self._closing.is_set():
            began = time.monotonic()
            if not self._follow():
                return
            code = self._child.wait() if self._child is not None else None
            if self._record.pid is not None:
                end_session(self._record.pid, signal_number(None), 0.5)
            failures = 0 if time.monotonic() - began > STABLE_SECONDS else failures
            if not self._again(code):
                return
            delay = min(FIRST_DELAY * 2**failures, LONGEST_DELAY)
            failures += 1
            self._note(
                status=Status.FAILED, message=self._why(code, f", restarting in {delay:g} s"), pid=None, ticks=None
            )
            if self._closing.wait(delay):
                return
            try:
                self._note(restart_count=self._record.restart_count + 1)
                self._spawn()
            except RuntimeFailure as failure:
                self._note(status=Status.FAILED, message=str(failure), ended=True)
                return

    def _follow(self) -> bool:
        """Wait until the program ends, True, or until this agent lets go of it, False."""
        while True:
            pid = self.pid
            if pid is None:
                return True
            status, message = self._health.look()
            if (status, message) != (self._record.status, self._record.message):
                self._note(status=status, message=message)
            if wait_exit(pid, min(self._health.next_look(), LOOK_SECONDS), self._wake):
                return True
            if self._closing.is_set():
                return False
            self._folder.rotate()

    def _again(self, code: int | None) -> bool:
        """Whether the policy has it restarted; if not, note how it ended."""
        component = self._record.deploy.component
        if component.runs_always:
            return True
        policy, _, most = component.restart.partition(":")
        if policy == "on-failure" and code != 0 and (not most or self._record.restart_count < int(most)):
            return True
        if code == 0:
            self._note(status=Status.STOPPED, message="exited with code 0", pid=None, ticks=None, ended=True)
        else:
            self._note(status=Status.FAILED, message=self._why(code), pid=None, ticks=None, ended=True)
        return False

    def _why(self, code: int | None, then: str = "") -> str:
        if code is None:
            how = "ended while no agent watched"
        elif code < 0:
            how = f"ended by signal {-code}"
        else:
            how = f"exited with code {code}"
        lines = self._folder.last_lines()
        return f"{how}{then}" + (f": {lines}" if lines else "")

    def _spawn(self) -> None:
        """Start the program; its record is there before it is."""
        component = self._record.deploy.component
        self._note(pid=None, ticks=None)
        try:
            with self._folder.log.open("ab") as log:
                own = environment(self._folder, self._record)
                child = launch(component, self._folder, component.command or (), own, log, log)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise RuntimeFailure(f"can't be started: {error}") from None
        self._child = child
        self._health.begin()
        status, message = self._health.look()
        self._note(pid=child.pid, ticks=start_ticks(child.pid), status=status, message=message, started_at=time.time())

    def _note(self, **changes: object) -> None:
        self._record = msgspec.structs.replace(self._record, **changes)
        self._folder.write(self._record)
        self._changed()


def launch(
    component: Component,
    folder: InstanceFolder,
    command: Sequence[str],
    own: dict[str, str],
    stdout: IO[bytes] | int,
    stderr: IO[bytes] | int,
) -> subprocess.Popen[bytes]:
    """Start a command with the environment `own`, as the component's account, in its directory and within its limits.

    It leads a session of its own. Raises RuntimeFailure, OSError, ValueError and SubprocessError.
    """
    uid, gid = account(component.user) or (None, None)
    child = subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        cwd=component.working_dir or folder.files,
        env=own,
        start_new_session=True,
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
    )
    limit(child.pid, component)
    return child


def environment(folder: InstanceFolder, record: Record) -> dict[str, str]:
    """The program's environment: a small base, what the spec says, and how we find it again."""
    own = {MARK: record.container_id, "RECONCILER_FILES": str(folder.files)}
    return BASE | record.deploy.component.environment_variables | own


def account(user: str | None) -> tuple[int, int] | None:
    """`NAME[:GROUP]`, by names or numbers, as (uid, gid); None for the agent's own. Raises RuntimeFailure."""
    if not user:
        return None
    name, _, group = user.partition(":")
    try:
        if name.isdigit():
            uid = gid = int(name)
        else:
            uid, gid = pwd.getpwnam(name).pw_uid, pwd.getpwnam(name).pw_gid
        if group:
            gid = int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise RuntimeFailure(f"user '{user}' is not known on this node: {error.args[0]}") from None
    return uid, gid


def limit(pid: int, component: Component) -> None:
    """Set its resource limits. One that the kernel has no name for is left out."""
    for name, ulimit in component.ulimits.items():
        kind = getattr(resource, f"RLIMIT_{name.upper()}", None)
        if kind is not None:
            try:
                resource.prlimit(pid, kind, (ulimit.soft, ulimit.hard))
            except (ProcessLookupError, PermissionError, ValueError):
                continue

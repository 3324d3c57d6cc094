"""One supervised program: started, watched, restarted as its policy says, ended with everything it started.

The program is the leader of a session of its own, so that it outlives the agent, and so that all it started can be
found. Before it is started its record and a mark in its environment are there: an agent that dies in between
leaves nothing that the next one can't find.
"""

import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable

import msgspec

from agent.process.health import ProgramHealth
from agent.process.launch import MARK, environment, launch
from agent.process.proc import end_session, find_marked, signal_number, start_ticks, wait_exit
from agent.process.record import InstanceFolder, Record
from agent.process.stop import end_program
from agent.runtime.contract import RuntimeFailure
from agent.runtime.crash_backoff import BACKOFF, Crashes
from agent.runtime.restart_backoff import Liveness, given_up, restarts_allowed
from reconciler.wire.messages import Deploy, Status

log = logging.getLogger(__name__)

LOOK_SECONDS = 30.0


class Program:
    """The program of one instance, in the care of a thread."""

    def __init__(self, folder: InstanceFolder, record: Record, changed: Callable[[], None]) -> None:
        self._folder = folder
        self._record = record
        self._changed = changed
        self._closing = threading.Event()
        self._wake = os.eventfd(0)
        self._child: subprocess.Popen[bytes] | None = None
        self._liveness = Liveness()
        self._condemned = False
        self._health = ProgramHealth(record.deploy.component, environment(folder, record), str(folder.files))
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
            self._health.resume(self._record.started_at, self._record.status)
            self._thread.start()

    def stop(self, within: float | None = None) -> None:
        """End it and all it started, with its own signal, in its own grace period or `within` fewer seconds."""
        self.close()
        if self.pid is not None:
            grace = self._grace if within is None else min(self._grace, within)
            end_program(self.pid, self._folder, self._record, grace)
        if self._child is not None:
            self._child.wait()

    @property
    def _grace(self) -> float:
        return self._record.deploy.component.stop_grace_period

    def reservation(self, deploy: Deploy) -> None:
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
        crashes = Crashes()
        while not self._closing.is_set():
            began = time.monotonic()
            if not self._follow():
                return
            code = self._child.wait() if self._child is not None else None
            if self._record.pid is not None:
                end_session(self._record.pid, signal_number(None), 0.5)
            if self._condemned:
                self._condemned, delay = False, BACKOFF.first
                self._liveness.restarted(time.monotonic())
            elif self._again(code):
                delay = crashes.pause(time.monotonic() - began)
                message = self._why(code, f", restarting in {delay:g} s")
                self._note(status=Status.FAILED, message=message, pid=None, ticks=None)
            else:
                return
            if self._closing.wait(delay):
                return
            try:
                self._note(restart_count=self._record.restart_count + 1)
                self._spawn()
            except RuntimeFailure as failure:
                self._note(status=Status.FAILED, message=str(failure), ended=True)
                return

    def _follow(self) -> bool:
        """Wait until the program ends, True, or until this agent lets go of it, False.

        One that is unhealthy is ended when its next restart is due, and is then `_condemned`.
        """
        while True:
            pid = self.pid
            if pid is None:
                return True
            status, message = self._health.look()
            due = self._restart_due(status)
            if due is not None:
                message = f"{message}; {self._liveness.plan}"
            if (status, message) != (self._record.status, self._record.message):
                self._note(status=status, message=message)
            wait = 0.0 if due is None else due - time.monotonic()
            if due is not None and wait <= 0:
                self._condemned = True
                log.warning("restarting %s: %s", self._record.deploy.key, message)
                end_program(pid, self._folder, self._record, self._grace)
                self._note(pid=None, ticks=None)
                return True
            wait = min(self._health.next_look(), LOOK_SECONDS, LOOK_SECONDS if due is None else wait)
            if wait_exit(pid, wait, self._wake):
                return True
            if self._closing.is_set():
                return False
            self._folder.rotate()

    def _restart_due(self, status: Status) -> float | None:
        """When the program is to be restarted because it is unhealthy; None when it is not."""
        most = restarts_allowed(self._record.deploy.component.restart)
        if most is not None and self._record.restart_count >= most:
            return None
        self._liveness.observe(status, time.monotonic())
        return self._liveness.due

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
            message = self._why(code) + given_up(self._record.restart_count, restarts_allowed(component.restart))
            self._note(status=Status.FAILED, message=message, pid=None, ticks=None, ended=True)
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
        status, message = self._health.verdict()
        self._note(pid=child.pid, ticks=start_ticks(child.pid), status=status, message=message, started_at=time.time())

    def _note(self, **changes: object) -> None:
        self._record = msgspec.structs.replace(self._record, **changes)
        self._folder.write(self._record)
        self._changed()

"""Taking care of one program: a thread that watches it, and starts it again as its policy and its health say."""

import logging
import os
import threading
from time import monotonic

from agent.process.health import ProgramHealth
from agent.process.launch import environment
from agent.process.proc import wait_exit
from agent.process.program import Program
from agent.runtime.contract import RuntimeFailure
from agent.runtime.crash_backoff import BACKOFF, CrashBackoff
from agent.runtime.restart_backoff import RestartBackoff
from agent.runtime.restart_policy import RestartPolicy, given_up
from reconciler.wire.messages import Status

log = logging.getLogger(__name__)

LOOK_SECONDS = 30.0
"""How often its output is looked after while nothing happens."""


class Caretaker:
    """Follows a program through all its runs until this agent lets go of it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._policy = RestartPolicy.parse(program.component.restart)
        self._health = ProgramHealth(
            program.component, environment(program.folder, program.record), str(program.folder.files)
        )
        self._crashes = CrashBackoff()
        self._restarts = RestartBackoff()
        self._closing = threading.Event()
        self._wake = open(os.eventfd(0), "wb", buffering=0)  # noqa: SIM115 - closed with the last reference to it
        self._thread = threading.Thread(target=self._care, name=f"program-{program.record.deploy.key}", daemon=True)

    def start(self) -> None:
        """Start the program, and take care of it. Raises RuntimeFailure when it can't be started."""
        self._run()
        self._thread.start()

    def adopt(self) -> None:
        """Take care of what an earlier agent started, if it still runs."""
        self.program.find()
        record = self.program.record
        if not record.ended:
            self._health.resume(record.started_at, record.status)
            self._thread.start()

    def stop(self, within: float | None = None) -> None:
        """End the program for good, as `Program.end` does. A healthcheck that is under way is not waited for."""
        self.let_go()
        self.program.end(within)

    def close(self) -> None:
        """Let go of the program, and wait until its thread has ended. The program runs on."""
        self.let_go()
        if self._thread.is_alive():
            self._thread.join()

    def let_go(self) -> None:
        """Take no care of the program any more from now on; a healthcheck that is under way is still finished."""
        self._closing.set()
        os.eventfd_write(self._wake.fileno(), 1)

    def _run(self) -> None:
        self._health.begin()
        self.program.spawn(*self._health.verdict())

    def _care(self) -> None:
        """Follow the program through all its runs."""
        while not self._closing.is_set():
            began = monotonic()
            condemned = self._follow()
            if self._closing.is_set():
                return
            delay = self._after(condemned, self.program.reap(), monotonic() - began)
            if delay is None or self._closing.wait(delay):
                return
            try:
                self.program.note(restart_count=self.program.record.restart_count + 1)
                self._run()
            except RuntimeFailure as failure:
                self.program.note(status=Status.FAILED, message=str(failure), ended=True)
                return

    def _follow(self) -> bool:
        """Wait until the program ends, or this agent lets go of it; whether it was ended because it is unhealthy."""
        while (pid := self.program.pid) is not None:
            due = self._look()
            left = LOOK_SECONDS if due is None else due - monotonic()
            if left <= 0:
                if self._end_unhealthy():
                    return True
                continue
            if wait_exit(pid, min(self._health.next_look(), LOOK_SECONDS, left), self._wake.fileno()):
                return False
            if self._closing.is_set():
                return False
            self.program.folder.rotate()
        return False

    def _look(self) -> float | None:
        """Note how well the program is; when it is to be restarted because it is unhealthy, None when it is not."""
        status, message = self._health.look()
        due = None
        if self._policy.allows_unhealthy(self.program.record.restart_count):
            self._restarts.observe(status, monotonic())
            due = self._restarts.due
        if due is not None:
            message = f"{message}; {self._restarts.plan}"
        if (status, message) != (self.program.record.status, self.program.record.message):
            self.program.note(status=status, message=message)
        return due

    def _end_unhealthy(self) -> bool:
        """End this run of an unhealthy program; False when it does not end, so that it is tried again later."""
        log.warning("restarting %s: %s", self.program.record.deploy.key, self.program.record.message)
        try:
            self.program.end_run()
            return True
        except RuntimeFailure as failure:
            log.warning("%s can't be restarted: %s", self.program.record.deploy.key, failure)
            return False
        finally:
            self._restarts.restarted(monotonic())

    def _after(self, condemned: bool, code: int | None, ran: float) -> float | None:
        """Note how the program ended that `ran` so many seconds; those until it is started again, None for never."""
        if condemned:
            return BACKOFF.first
        count, lines = self.program.record.restart_count, self.program.folder.last_lines()
        if self._policy.allows_ended(code, count):
            delay = self._crashes.pause(ran)
            message = how_it_ended(code, lines, f", restarting in {delay:g} s")
            self.program.note(status=Status.FAILED, message=message, pid=None, ticks=None)
            return delay
        if code == 0:
            status, message = Status.STOPPED, "exited with code 0"
        else:
            status, message = Status.FAILED, how_it_ended(code, lines) + given_up(count, self._policy.restarts_max)
        self.program.note(status=status, message=message, pid=None, ticks=None, ended=True)
        return None


def how_it_ended(code: int | None, last_lines: str, then: str = "") -> str:
    """Say how a program ended (None: nobody saw it), what comes `then`, and what it wrote last."""
    if code is None:
        how = "ended while no agent watched"
    else:
        how = f"ended by signal {-code}" if code < 0 else f"exited with code {code}"
    return f"{how}{then}" + (f": {last_lines}" if last_lines else "")

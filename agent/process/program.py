"""The program of one instance: its record on disk, and the session of processes that the record names.

The program is the leader of a session of its own, so that it outlives the agent, and so that all it started can be
found. Before it is started its record and a mark in its environment are there: an agent that dies in between
leaves nothing that the next one can't find.
"""

import logging
import subprocess
import threading
import time
from collections.abc import Callable

import msgspec

from agent.host.sessions import end_session
from agent.process.launch import MARK, environment, launch
from agent.process.proc import find_marked, signal_number, start_ticks
from agent.process.record import InstanceFolder, Record
from agent.process.stop import end_program
from agent.runtime.contract import RuntimeFailure
from reconciler.manifest.model import Component
from reconciler.wire.messages import Status

log = logging.getLogger(__name__)

LEFTOVER_SECONDS = 0.5
"""How long what a program left behind has between its signal and the kill."""


class Program:
    """A record and its processes. Safe to use from several threads.

    Once it is told to end, nothing is started or noted any more: its folder is about to go.
    """

    def __init__(self, folder: InstanceFolder, record: Record, changed: Callable[[], None]) -> None:
        self.folder = folder
        self._record = record
        self._changed = changed
        self._lock = threading.RLock()
        self._ending = False
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def record(self) -> Record:
        """What is known of it now."""
        return self._record

    @property
    def component(self) -> Component:
        """The component that it is an instance of."""
        return self._record.deploy.component

    @property
    def pid(self) -> int | None:
        """The program's pid, None when it does not run: a reused pid is not ours."""
        pid, ticks = self._record.pid, self._record.ticks
        return pid if pid is not None and ticks is not None and start_ticks(pid) == ticks else None

    @property
    def session(self) -> int | None:
        """The session that the program leads, or led: others may be left in it.

        None when there is none, or when its number has gone to a stranger, which it only can once nobody is left.
        """
        pid, ticks = self._record.pid, self._record.ticks
        return pid if pid is not None and start_ticks(pid) in (None, ticks) else None

    def spawn(self, status: Status, message: str) -> None:
        """Start the program, with its record there before it is. Raises RuntimeFailure when it can't be started.

        It counts as `status` from now on.
        """
        with self._lock:
            if self._ending:
                return
            self.note(pid=None, ticks=None)
            try:
                with self.folder.log.open("ab") as output:
                    own = environment(self.folder, self._record)
                    command = self.component.command or ()
                    child = launch(self.component, self.folder, command, own, output, output)
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                raise RuntimeFailure(f"can't be started: {error}") from None
            self._child = child
            ticks = start_ticks(child.pid)
            self.note(pid=child.pid, ticks=ticks, status=status, message=message, started_at=time.time())

    def find(self) -> None:
        """Find what an earlier agent started and had no time to note."""
        if self._record.pid is None and not self._record.ended:
            pid = find_marked(MARK, self._record.container_id)
            if pid is not None:
                self.note(pid=pid, ticks=start_ticks(pid))

    def note(self, **changes: object) -> None:
        """Change the record, on disk too, and tell whoever listens."""
        with self._lock:
            if self._ending:
                return
            self._record = msgspec.structs.replace(self._record, **changes)
            self.folder.write(self._record)
        self._changed()

    def reap(self) -> int | None:
        """End what the program left in its session when it ended; its exit code, None when nobody saw it."""
        session = self.session
        # Before the program is waited for: until then its pid, the session's number, goes to nobody else.
        left = end_session(session, signal_number(None), LEFTOVER_SECONDS) if session is not None else ()
        if left:
            log.warning("what %s has left does not end though it was killed: %s", self._record.deploy.key, left)
        return self._child.wait() if self._child is not None else None

    def end_run(self) -> None:
        """End this run of the program, so that it can be started anew. Raises RuntimeFailure when it does not end."""
        session = self.session
        if session is not None:
            end_program(session, self.folder, self._record)
        self.note(pid=None, ticks=None)

    def end(self, within: float | None = None) -> None:
        """End the program and all it started, for good. Raises RuntimeFailure when something of it does not end.

        It has its own grace period, and at most `within` seconds (0: none at all) where that is given.
        """
        with self._lock:
            self._ending = True
        session = self.session
        if session is not None:
            end_program(session, self.folder, self._record, within)
        if self._child is not None:
            self._child.wait()

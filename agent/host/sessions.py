"""Ending a session: every process that a program started, by a deadline that a slow /proc can't move.

The leader's process group, which is nearly always the whole session, is signalled without a look at /proc. Members
outside of it have to be looked for, one system call for each process of the host, which on a loaded host of thousands
takes seconds. So each member found is held by a pidfd: waiting for its end costs no further look, and the clock is
read between any two steps of a look.
"""

import os
import select
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
INIT = 1

GIVE_UP_SECONDS = 5.0
"""How long after its kill a member is waited for: one that hangs in the kernel ends when its call does, or never."""

LOOKING_SECONDS_MAX = 60.0
"""How long after the deadline new looks are begun: what forks faster than we look is left to the next stop."""

HANDLES_MAX = 256
"""How many members are held at once; further ones are found by the next look, once those have ended."""


class Kernel:
    """The calls that ending a session makes. A test hands in slow ones, on a clock of its own."""

    def now(self) -> float:
        """Read the monotonic clock (seconds)."""
        return time.monotonic()

    def pids(self) -> Iterator[int]:
        """Go through the pids of all processes."""
        return (int(entry) for entry in os.listdir(PROC) if entry.isdigit())

    def session(self, pid: int) -> int | None:
        """Ask for a process's session; None when the process has gone."""
        try:
            return os.getsid(pid)
        except OSError:
            return None

    def group(self, pid: int) -> int | None:
        """Ask for a process's group; None when the process has gone."""
        try:
            return os.getpgid(pid)
        except OSError:
            return None

    def open(self, pid: int) -> int | None:
        """Open a handle of a living process; None when it has ended, be it as a zombie."""
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return None
        if self.wait([handle], 0.0):
            os.close(handle)
            return None
        return handle

    def close(self, handle: int) -> None:
        """Close a process's handle."""
        os.close(handle)

    def send(self, handle: int, sign: int) -> None:
        """Signal a process that may have ended already. One that we may not signal is left alone."""
        with suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(handle, sign)

    def send_group(self, group: int, sign: int) -> None:
        """Signal all processes of a group that we may signal, if there are any."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, sign)

    def wait(self, handles: Iterable[int], seconds: float) -> set[int]:
        """Wait until one of these processes has ended, at most so long; the handles of those that have."""
        poll = select.poll()
        for handle in handles:
            poll.register(handle, select.POLLIN)
        return {handle for handle, _ in poll.poll(seconds * 1000)}


KERNEL = Kernel()


def session_members(session: int, kernel: Kernel = KERNEL) -> list[int]:
    """List the processes of a session, zombies among them."""
    return [pid for pid in kernel.pids() if kernel.session(pid) == session]


def end_session(session: int, sign: int, grace: float, kernel: Kernel = KERNEL) -> tuple[int, ...]:
    """Ask every process of a session to end with `sign`, and kill what is left after `grace` seconds (0: at once).

    `session` is the pid of its leader, which may have ended while others have not. Returns the pids of those that are
    not known to have ended `GIVE_UP_SECONDS` after their kill: nearly always none.
    """
    assert session > INIT and session != os.getpgrp(), f"rule 1: session {session} is none that a program of ours leads"
    ending = _Ending(session, sign, kernel.now() + grace, kernel)
    try:
        return ending.run()
    finally:
        ending.close()


class _Ending:
    """The end of one session: the members found so far, and whether the kill has gone out."""

    def __init__(self, session: int, sign: int, deadline: float, kernel: Kernel) -> None:
        self._session, self._sign, self._deadline, self._kernel = session, sign, deadline, kernel
        self._handles: dict[int, int] = {}
        self._last_kill: float | None = None

    def run(self) -> tuple[int, ...]:
        self._kernel.send_group(self._session, self._sign)
        # With the leader held, a look follows its end, which finds what it started last.
        self._hold(self._session)
        self._look()
        while self._handles:
            self._wait()
            if self._handles:
                return tuple(sorted(self._handles))
            if self._kernel.now() > self._deadline + LOOKING_SECONDS_MAX:
                return (self._session,)
            self._look()
        return ()

    def close(self) -> None:
        for handle in self._handles.values():
            self._kernel.close(handle)

    def _look(self) -> None:
        """Find members that are not known yet, and signal them if the signal to the leader's group has missed them."""
        for pid in self._kernel.pids():
            self._kill_when_due()
            if self._kernel.session(pid) != self._session or pid in self._handles or not self._hold(pid):
                continue
            if self._last_kill is not None:
                self._kill([self._handles[pid]])
            elif self._kernel.group(pid) != self._session:
                self._kernel.send(self._handles[pid], self._sign)
        self._kill_when_due()

    def _hold(self, pid: int) -> bool:
        """Hold a member by a handle, unless it has ended; its pid may have gone to a stranger before it was opened."""
        handle = self._kernel.open(pid) if len(self._handles) < HANDLES_MAX else None
        if handle is None:
            return False
        if self._kernel.session(pid) != self._session:
            self._kernel.close(handle)
            return False
        self._handles[pid] = handle
        return True

    def _wait(self) -> None:
        """Wait until all known members have ended, or for as long as there is."""
        while self._handles:
            left = max(0.0, self._seconds_left())
            ended = self._kernel.wait(self._handles.values(), left)
            for pid in [pid for pid, handle in self._handles.items() if handle in ended]:
                self._kernel.close(self._handles.pop(pid))
            if not self._kill_when_due() and not ended and not left:
                return

    def _seconds_left(self) -> float:
        """Tell how long until the kill, or after it until nobody is waited for any more."""
        end = self._deadline if self._last_kill is None else self._last_kill + GIVE_UP_SECONDS
        return end - self._kernel.now()

    def _kill_when_due(self) -> bool:
        """Kill the leader's group and all known members, once, at the deadline; whether that was now."""
        if self._last_kill is not None or self._kernel.now() < self._deadline:
            return False
        self._kernel.send_group(self._session, signal.SIGKILL)
        self._kill(self._handles.values())
        return True

    def _kill(self, handles: Iterable[int]) -> None:
        for handle in handles:
            self._kernel.send(handle, signal.SIGKILL)
        self._last_kill = self._kernel.now()

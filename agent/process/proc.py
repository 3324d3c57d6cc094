"""What the kernel tells of processes: which one a pid is, who is in its session, when it ends."""

import os
import select
import signal
import threading
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
LOOK_SECONDS = 0.05


def start_ticks(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None when there is none.

    Together with the pid it names one process for ever.
    """
    fields = _stat(pid)
    return int(fields[19]) if fields and fields[0] != "Z" else None


def find_marked(variable: str, value: str) -> int | None:
    """The pid of the first process whose environment has this, None when there is none."""
    wanted = f"{variable}={value}".encode()
    found = []
    for pid in _pids():
        try:
            if wanted in (PROC / str(pid) / "environ").read_bytes().split(b"\0"):
                found.append(pid)
        except OSError:
            continue
    leaders = [pid for pid in found if _session(pid) == pid]
    return min(leaders or found, default=None)


def session_members(session: int) -> list[int]:
    """Every living process of the session."""
    return [pid for pid in _pids() if _session(pid) == session]


def wait_exit(pid: int, timeout: float, wake: int) -> bool:
    """Whether the process has ended within `timeout` seconds; False at once when the descriptor `wake` is readable."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.register(wake, select.POLLIN)
        return any(ready == descriptor for ready, _ in poll.poll(timeout * 1000))
    finally:
        os.close(descriptor)


def end_session(session: int, sign: int, grace: float) -> None:
    """Ask every process of the session to end with `sign`; kill what is left after `grace` seconds."""
    pause = threading.Event()
    send(session_members(session), sign)
    waited = 0.0
    while (members := session_members(session)) and waited < grace:
        pause.wait(LOOK_SECONDS)
        waited += LOOK_SECONDS
    for _ in range(100):
        if not members:
            return
        send(members, signal.SIGKILL)
        pause.wait(LOOK_SECONDS)
        members = session_members(session)


def send(pids: Iterable[int], sign: int) -> None:
    """Send a signal to processes that may have ended already."""
    for pid in pids:
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            continue


def signal_number(name: str | None) -> int:
    """`SIGINT`, `int` or `2` as its number; SIGTERM when there is none."""
    if not name:
        return signal.SIGTERM
    if name.isdigit():
        return int(name)
    upper = name.upper()
    return int(signal.Signals[upper if upper.startswith("SIG") else f"SIG{upper}"])


def _pids() -> list[int]:
    return [int(entry) for entry in os.listdir(PROC) if entry.isdigit()]


def _session(pid: int) -> int | None:
    """The session of a living process; None for one that has ended or is a zombie."""
    fields = _stat(pid)
    return int(fields[3]) if fields and fields[0] != "Z" else None


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on (proc(5)): state, ppid, pgrp, session, …"""
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()

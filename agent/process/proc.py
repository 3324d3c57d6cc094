"""What the kernel tells of processes: which one a pid is, which one carries our mark, when it ends."""

import os
import select
import signal

from agent.host.sessions import KERNEL, PROC


def start_ticks(pid: int) -> int | None:
    """Ask when a process started, in clock ticks since boot; None when there is none, or a zombie.

    Together with the pid it names one process for ever.
    """
    fields = _stat(pid)
    return int(fields[19]) if fields and fields[0] != "Z" else None


def find_marked(variable: str, value: str) -> int | None:
    """Find the process that leads a session, or else any, whose environment has this variable; None without one."""
    wanted = f"{variable}={value}".encode()
    found = []
    for pid in KERNEL.pids():
        try:
            if wanted in (PROC / str(pid) / "environ").read_bytes().split(b"\0"):
                found.append(pid)
        except OSError:
            continue
    leaders = [pid for pid in found if KERNEL.session(pid) == pid]
    return min(leaders or found, default=None)


def wait_exit(pid: int, timeout: float, wake: int) -> bool:
    """Wait for a process's end, `timeout` seconds or until the descriptor `wake` is readable; whether it has ended."""
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


def signal_number(name: str | None) -> int:
    """Read a signal as a component names it: `SIGINT`, `int` or `2`; SIGTERM when it names none."""
    if not name:
        return signal.SIGTERM
    if name.isdigit():
        return int(name)
    upper = name.upper()
    return int(signal.Signals[upper if upper.startswith("SIG") else f"SIG{upper}"])


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on (proc(5)): state, ppid, pgrp, session, …"""
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()

"""Telling a program to end: its own command first, then its signal with what is left of its grace period."""

import logging
import signal
import subprocess
from time import monotonic

from agent.host.sessions import end_session
from agent.process.launch import environment, launch
from agent.process.proc import signal_number, start_ticks
from agent.process.record import InstanceFolder, Record
from agent.runtime.contract import RuntimeFailure

log = logging.getLogger(__name__)

STOP_SECONDS_MIN = 1.0
"""What a program has from its signal to the kill when its `pre_stop` took all of its grace period."""


def end_program(session: int, folder: InstanceFolder, record: Record, within: float | None = None) -> None:
    """End an instance's session: by its `pre_stop`, if it has one and still runs, and then by its signal.

    All of that has its grace period, and at most `within` seconds (0: it is killed at once) where that is given. A
    command that fails is logged and no obstacle; one that takes too long is killed. Raises RuntimeFailure when
    something does not end though it was killed.
    """
    component = record.deploy.component
    grace = component.stop_grace_period if within is None else min(component.stop_grace_period, within)
    deadline = monotonic() + grace
    if component.pre_stop and grace > 0 and start_ticks(session) is not None:
        failure = _run(folder, record, grace)
        if failure:
            log.warning("pre_stop of %s: %s; it is stopped all the same", record.deploy.key, failure)
        if within is None:
            deadline = max(deadline, monotonic() + STOP_SECONDS_MIN)
    left = end_session(session, signal_number(component.stop_signal), max(0.0, deadline - monotonic()))
    if left:
        raise RuntimeFailure(f"it does not end though it was killed: process {', '.join(map(str, left))}")


def _run(folder: InstanceFolder, record: Record, seconds: float) -> str:
    """Run the command for so long at most; how that failed, if it did."""
    component = record.deploy.component
    try:
        with folder.log.open("ab") as output:
            own = environment(folder, record)
            child = launch(component, folder, component.pre_stop, own, output, output)
    except (RuntimeFailure, OSError, ValueError, subprocess.SubprocessError) as failure:
        return f"can't be started: {failure}"
    try:
        code = child.wait(seconds)
    except subprocess.TimeoutExpired:
        if child.pid not in end_session(child.pid, signal.SIGKILL, 0.0):
            child.wait()
        return "took all of the grace period"
    return f"exited with code {code}" if code else ""

"""Telling a program to end: its own command first, then its signal with what is left of its grace period."""

import logging
import subprocess
from time import monotonic

from agent.process.launch import environment, launch
from agent.process.proc import end_session, signal_number
from agent.process.record import InstanceFolder, Record
from agent.runtime.contract import RuntimeFailure

log = logging.getLogger(__name__)

SHORTEST_STOP = 1.0


def end_program(pid: int, folder: InstanceFolder, record: Record, grace: float) -> None:
    """Run the instance's `pre_stop`, if it has one, as its program is run; then end the program's whole session.

    A command that fails is logged and no obstacle; one that takes longer than `grace` (seconds) is killed.
    """
    component = record.deploy.component
    left = grace
    if component.pre_stop:
        began = monotonic()
        failure = _run(folder, record, grace)
        if failure:
            log.warning("pre_stop of %s: %s; it is stopped all the same", record.deploy.key, failure)
        left = max(SHORTEST_STOP, left - (monotonic() - began))
    end_session(pid, signal_number(component.stop_signal), left)


def _run(folder: InstanceFolder, record: Record, grace: float) -> str:
    """Run the words; how that failed, if it did."""
    component = record.deploy.component
    try:
        with folder.log.open("ab") as output:
            own = environment(folder, record)
            child = launch(component, folder, component.pre_stop, own, output, output)
    except (RuntimeFailure, OSError, ValueError, subprocess.SubprocessError) as failure:
        return f"can't be started: {failure}"
    try:
        code = child.wait(grace)
    except subprocess.TimeoutExpired:
        end_session(child.pid, signal_number("SIGKILL"), 0.0)
        child.wait()
        return "took all of the grace period"
    return f"exited with code {code}" if code else ""

"""Telling a container to end: its own command first, then the Engine's stop with what is left of its grace period."""

import logging
import threading
from time import monotonic
from typing import Any

from docker import APIClient
from docker.errors import NotFound

from agent.engine.errors import readable
from agent.engine.labels import grace_in, pre_stop_in
from agent.engine.own import assert_own, inspect_own, labels_in
from agent.runtime.contract import RuntimeFailure

log = logging.getLogger(__name__)

STOP_SECONDS_MIN = 1
"""What a container has between its signal and the kill, unless it has no time at all: the Engine counts whole ones."""
LOOK_SECONDS = 0.1


def prepare_stop(client: APIClient, inspected: dict[str, Any], within: float | None = None) -> int:
    """Run the container's `pre_stop`, if it has one and runs; the whole seconds that its stop may take.

    These are what is left of its grace period, or of `within` (seconds, 0 for none at all) where that is shorter.
    A command that fails is logged and no obstacle; one that takes longer than the grace period is not waited for.
    """
    labels = labels_in(inspected)
    grace, words, state = grace_in(labels), pre_stop_in(labels), inspected["State"]
    if within is not None:
        grace = min(grace, max(STOP_SECONDS_MIN, int(within)) if within > 0 else 0)
    if not words or not grace or not state.get("Running") or state.get("Paused") or state.get("Restarting"):
        return grace
    began = monotonic()
    try:
        with readable("it can't be run"):
            failure = _run(client, inspected["Id"], words, began + grace)
    except RuntimeFailure as error:
        failure = str(error)
    if failure:
        log.warning("pre_stop of container %s: %s; it is stopped all the same", inspected["Id"][:12], failure)
    return max(STOP_SECONDS_MIN if within is None else 0, round(grace - (monotonic() - began)))


def restart_container(client: APIClient, node_id: str, container_id: str) -> int | None:
    """Restart a container of this node that runs; how often the Engine had done so, None when it runs no more.

    Raises RuntimeFailure.
    """
    with readable(f"cannot restart container {container_id[:12]}"):
        try:
            inspected = inspect_own(client, node_id, container_id)
            if not inspected["State"]["Running"]:
                return None
            assert_own(labels_in(inspected), node_id)
            client.restart(container_id, timeout=prepare_stop(client, inspected))
        except NotFound:
            return None
    return int(inspected["RestartCount"])


def _run(client: APIClient, container_id: str, words: tuple[str, ...], deadline: float) -> str:
    """Run words in the container; how that failed, if it did. The Engine tells no one when a detached one ends."""
    made = client.exec_create(container_id, list(words))["Id"]
    client.exec_start(made, detach=True)
    pause = threading.Event()
    while (seen := client.exec_inspect(made))["Running"]:
        if monotonic() >= deadline:
            return "took all of the grace period"
        pause.wait(LOOK_SECONDS)
    return f"exited with code {seen['ExitCode']}" if seen["ExitCode"] else ""

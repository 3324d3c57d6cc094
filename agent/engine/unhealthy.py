"""Restarts containers that turned unhealthy, by the Engine's check or our probes, whether or not a manager is there."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic

from agent.host.delayed_tasks import DelayedTasks
from agent.runtime.contract import Running, RuntimeFailure
from agent.runtime.restart_backoff import RestartBackoff
from reconciler.wire.messages import Status

log = logging.getLogger(__name__)

RESTARTS_MAX = 4
"""How many containers are restarted at once."""


@dataclass(slots=True)
class _Restarts:
    """The restarts of a container that was unhealthy once, and those that the Engine forgets when it makes one."""

    backoff: RestartBackoff = field(default_factory=RestartBackoff)
    message: str = ""
    count: int = 0


class UnhealthyRestarter:
    """Learns from each listing which containers are unhealthy.

    `restart` restarts one and says how often the Engine had restarted it before, or None when it does not run any
    more; it may raise RuntimeFailure. `changed` is called afterwards. The counts are forgotten with the agent.
    """

    def __init__(self, restart: Callable[[str], int | None], changed: Callable[[], None]) -> None:
        self._restart, self._changed = restart, changed
        self._tasks = DelayedTasks("restart-unhealthy", RESTARTS_MAX)
        self._lock = threading.Lock()
        self._known: dict[str, _Restarts] = {}
        self._restarting: set[str] = set()

    def restarting(self) -> frozenset[str]:
        """Return the containers that are being restarted now; to be asked before the listing to `observe` is made."""
        with self._lock:
            return frozenset(self._restarting)

    def observe(
        self, running: Running, unhealthy: bool, restarts_max: int | None, restarting: frozenset[str]
    ) -> Running:
        """Take in a listed container, which is restarted `restarts_max` times at most; how it is to be reported."""
        with self._lock:
            restarts = self._known.get(running.container_id)
            if restarts is None:
                if not unhealthy or restarts_max == 0:
                    return running
                restarts = self._known[running.container_id] = _Restarts()
            running = replace(running, restart_count=running.restart_count + restarts.count)
            if running.container_id in restarting | self._restarting:
                return replace(running, status=Status.FAILED, message=restarts.message, ended=False)
            if unhealthy and restarts_max is not None and running.restart_count >= restarts_max:
                return running
            if not unhealthy:
                well = running.status is Status.RUNNING
                restarts.backoff.observe(Status.RUNNING if well else Status.STARTING, monotonic())
                return running
            return self._plan(running, restarts)

    def forget_others(self, container_ids: set[str]) -> None:
        """Let go of all containers but these."""
        with self._lock:
            for gone in self._known.keys() - container_ids - self._restarting:
                del self._known[gone]

    def close(self) -> None:
        """Restart nothing more."""
        self._tasks.close()

    def _plan(self, running: Running, restarts: _Restarts) -> Running:
        """Plan the restart of an unhealthy container, unless it is planned already, and say so."""
        planned = restarts.backoff.due
        restarts.backoff.observe(Status.FAILED, monotonic())
        restarts.message = f"{running.message}; {restarts.backoff.plan}"
        due = restarts.backoff.due
        if due is not None and due != planned:
            self._tasks.at(due, partial(self._restart_due, running.container_id, restarts, due))
        return replace(running, message=restarts.message)

    def _restart_due(self, container_id: str, restarts: _Restarts, due: float) -> None:
        with self._lock:
            if self._known.get(container_id) is not restarts or restarts.backoff.due != due:
                return
            self._restarting.add(container_id)
        before = None
        try:
            log.warning("restarting container %s: %s", container_id[:12], restarts.message)
            before = self._restart(container_id)
        except RuntimeFailure as failure:
            log.warning("%s", failure)
        finally:
            with self._lock:
                restarts.backoff.restarted(monotonic())
                restarts.count += 0 if before is None else before + 1
                self._restarting.discard(container_id)
            self._changed()

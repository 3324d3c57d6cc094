"""Restarts containers that turned unhealthy, by the Engine's check or our probes, whether or not a manager is there."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic

from agent.host.delayed_tasks import Agenda
from agent.runtime.contract import Running, RuntimeFailure
from agent.runtime.restart_backoff import RestartBackoff
from reconciler.wire.messages import Status

log = logging.getLogger(__name__)

RESTARTS = 4
"""How many containers are restarted at once."""


@dataclass(slots=True)
class _Life:
    """A container that was unhealthy once. `count` adds what the Engine forgets when it is told to restart."""

    backoff: RestartBackoff = field(default_factory=RestartBackoff)
    message: str = ""
    count: int = 0


class Reviver:
    """Learns from each listing which containers are unhealthy.

    `restart` restarts one and says how often the Engine had restarted it before, or None when it does not run any
    more; it may raise RuntimeFailure. `changed` is called afterwards. The counts are forgotten with the agent.
    """

    def __init__(self, restart: Callable[[str], int | None], changed: Callable[[], None]) -> None:
        self._restart, self._changed = restart, changed
        self._agenda = Agenda("revive", RESTARTS)
        self._lock = threading.Lock()
        self._lives: dict[str, _Life] = {}
        self._busy: set[str] = set()

    def busy(self) -> frozenset[str]:
        """The containers that are being restarted now. Ask before the Engine is asked for a listing to `look` at."""
        with self._lock:
            return frozenset(self._busy)

    def look(self, running: Running, unhealthy: bool, most: int | None, busy: frozenset[str]) -> Running:
        """Take in a listed container, restarted at most `most` times; how it is to be reported."""
        with self._lock:
            life = self._lives.get(running.container_id)
            if life is None:
                if not unhealthy or most == 0:
                    return running
                life = self._lives[running.container_id] = _Life()
            running = replace(running, restart_count=running.restart_count + life.count)
            if running.container_id in busy | self._busy:
                return replace(running, status=Status.FAILED, message=life.message, ended=False)
            if unhealthy and most is not None and running.restart_count >= most:
                return running
            if not unhealthy:
                well = running.status is Status.RUNNING
                life.backoff.observe(Status.RUNNING if well else Status.STARTING, monotonic())
                return running
            planned = life.backoff.due
            life.backoff.observe(Status.FAILED, monotonic())
            life.message = f"{running.message}; {life.backoff.plan}"
            due = life.backoff.due
            if due is not None and due != planned:
                self._agenda.at(due, partial(self._revive, running.container_id, life, due))
            return replace(running, message=life.message)

    def forget_others(self, container_ids: set[str]) -> None:
        """Let go of all containers but these."""
        with self._lock:
            for gone in self._lives.keys() - container_ids - self._busy:
                del self._lives[gone]

    def close(self) -> None:
        """Restart nothing more."""
        self._agenda.close()

    def _revive(self, container_id: str, life: _Life, due: float) -> None:
        with self._lock:
            if self._lives.get(container_id) is not life or life.backoff.due != due:
                return
            self._busy.add(container_id)
        before = None
        try:
            log.warning("restarting container %s: %s", container_id[:12], life.message)
            before = self._restart(container_id)
        except RuntimeFailure as failure:
            log.warning("%s", failure)
        finally:
            with self._lock:
                life.backoff.restarted(monotonic())
                life.count += 0 if before is None else before + 1
                self._busy.discard(container_id)
            self._changed()

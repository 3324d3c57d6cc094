"""The http and tcp probes of a node's containers, by few threads for any number of them.

What is to be probed is learned from each listing, since labels are all that is remembered. After a restart of the
agent nobody knows what the last one had found out. A container that has run for long enough that it would be known
counts as running until enough probes have failed; a younger one is probed at once, and the first listing waits a
moment for the answer.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

from agent.engine.labels import probe_in
from agent.host.delayed_tasks import DelayedTasks
from agent.runtime.healthcheck import Health, would_be_known
from agent.runtime.probe import attempt
from reconciler.manifest.model import Healthcheck
from reconciler.wire.messages import Status

THREADS_MAX = 16
FIRST_ANSWER_SECONDS_MAX = 1.0


@dataclass(frozen=True, slots=True)
class Target:
    """A running container with a probe: where it is asked, and since when it runs (seconds since the epoch)."""

    container_id: str
    check: Healthcheck
    host: str
    started_at: float


@dataclass(slots=True)
class _Watch:
    """A run of a container, and what was found out about it."""

    target: Target
    health: Health
    asked: threading.Event = field(default_factory=threading.Event)


class Prober:
    """Probes what it was last told to follow. `changed` is called after each verdict that is a new one."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._tasks = DelayedTasks("probe", THREADS_MAX)
        self._lock = threading.Lock()
        self._watches: dict[str, _Watch] = {}
        self._waited = False

    def follow(self, targets: Iterable[Target]) -> None:
        """Probe these and no others. The first time it waits up to a second for answers of those that may be well."""
        with self._lock:
            before = self._watches
            now = {target.container_id: self._watch(target, before.get(target.container_id)) for target in targets}
            self._watches = now
        for container_id, watch in now.items():
            if before.get(container_id) is not watch:
                self._tasks.at(watch.health.due, partial(self._probe, watch))
        if not self._waited:
            self._waited = True
            deadline = monotonic() + FIRST_ANSWER_SECONDS_MAX
            for watch in now.values():
                if watch.health.verdict[0] is Status.STARTING:
                    watch.asked.wait(max(0.0, deadline - monotonic()))

    def verdict(self, container_id: str) -> tuple[Status, str] | None:
        """Return what the probes say of a container; None when it has none."""
        with self._lock:
            watch = self._watches.get(container_id)
            return watch.health.verdict if watch else None

    def close(self) -> None:
        """Probe no more."""
        self._tasks.close()

    def _watch(self, target: Target, known: _Watch | None) -> _Watch:
        if known is not None and known.target.started_at == target.started_at:
            known.target = target
            return known
        now, age = monotonic(), max(0.0, time.time() - target.started_at)
        resumed = Status.RUNNING if would_be_known(target.check, age) else None
        return _Watch(target, Health(target.check, now - age, resumed, now))

    def _probe(self, watch: _Watch) -> None:
        container_id = watch.target.container_id
        if self._watches.get(container_id) is not watch:
            return
        failure = attempt(watch.target.check, watch.target.host)
        with self._lock:
            before = watch.health.verdict
            watch.health.take(failure, monotonic())
            news = watch.health.verdict != before
        watch.asked.set()
        self._tasks.at(watch.health.due, partial(self._probe, watch))
        if news:
            self._changed()


def target_of(listed: dict[str, Any], started_at: float | None) -> Target | None:
    """Read what to probe of a listed container; None when it does not run or has no probe."""
    check = probe_in(listed.get("Labels") or {})
    if check is None or started_at is None or listed["State"] != "running":
        return None
    return Target(listed["Id"], check, address_of(listed), started_at)


def address_of(listed: dict[str, Any]) -> str:
    """Find where a listed container is reached from its host; empty when it has no network."""
    if listed.get("HostConfig", {}).get("NetworkMode") == "host":
        return "127.0.0.1"
    networks = (listed.get("NetworkSettings") or {}).get("Networks") or {}
    for field_name in ("IPAddress", "GlobalIPv6Address"):
        for network in networks.values():
            if network.get(field_name):
                return str(network[field_name])
    return ""

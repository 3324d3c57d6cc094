"""Observed state as plans take it: what agents reported, and what the manager knows of nodes beyond their reports."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from reconciler.control.loop.flap_damper import FlapDamper
from reconciler.plan.keep.state import State
from reconciler.plan.model.observed import Observed
from reconciler.plan.model.policy import Policy
from reconciler.plan.schedule.node_health import node_health
from reconciler.store.store import Store


class Observation:
    """Reads the state that a plan is made of, and watches nodes come and go. `clock` is in seconds since the epoch."""

    def __init__(self, store: Store, policy: Policy, clock: Callable[[], float]) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        self._listening_since = clock()
        self._damper = FlapDamper()

    def state(self) -> State:
        """Read everything that a plan made now depends on; remembers nothing."""
        now = self._clock()
        heard = self._heard(self._store.observed.snapshot(), now)
        observed = self._damped(heard, self._watched(heard, now), now)
        return State(self._store.desired.snapshot(), observed, self._policy, now)

    def watch(self) -> None:
        """Remember which nodes are lost now, and which are back, for later readings."""
        now = self._clock()
        self._damper = self._watched(self._heard(self._store.observed.snapshot(), now), now)

    def listen_anew(self) -> None:
        """Count no silence from before now: this process was suspended, or starved, and heard nothing."""
        self._listening_since = self._clock()

    def waits(self) -> Iterator[float]:
        """In how many seconds the passing of time alone changes what is known of each node."""
        now = self._clock()
        yield from (until - now for until in self._damper.flapping(now).values())
        for node in self._heard(self._store.observed.snapshot(), now).nodes.values():
            for limit in (self._policy.suspect_after, self._policy.lost_after):
                if node.last_seen + limit > now:
                    yield node.last_seen + limit - now

    def _watched(self, observed: Observed, now: float) -> FlapDamper:
        return self._damper.after(
            {node_id: node_health(node, self._policy, now) for node_id, node in observed.nodes.items()}, now
        )

    def _damped(self, observed: Observed, damper: FlapDamper, now: float) -> Observed:
        """Observed state with its heals, and with the nodes that came and went too often marked as flapping."""
        flapping = damper.flapping(now)
        if not flapping:
            return replace(observed, heals=self._store.heals.counts())
        nodes = {key: replace(node, flapping_until=flapping.get(key, 0.0)) for key, node in observed.nodes.items()}
        return replace(observed, nodes=nodes, heals=self._store.heals.counts())

    def _heard(self, observed: Observed, now: float) -> Observed:
        """Observed state with no silence counted from before this manager could listen."""
        if now - self._listening_since > self._policy.lost_after:
            return observed
        nodes = {
            node_id: replace(node, last_seen=max(node.last_seen, self._listening_since))
            for node_id, node in observed.nodes.items()
        }
        return replace(observed, nodes=nodes)

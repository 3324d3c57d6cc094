"""Lives of a small fleet, told by a seed: singletons, drains with deadlines, canaries, failing versions, drift,
references and lost nodes, with actions carried out one by one in random order, and with time that passes."""

import random
from dataclasses import replace
from typing import Any

import msgspec

from reconciler.manifest.model import Business, Component, Dependency, Port, Sync, Update
from reconciler.plan.model.observed import Allocation, Node, NodeHealth
from reconciler.plan.model.plan import Action, Kind, Plan
from reconciler.plan.model.policy import BlastRadius, Policy
from reconciler.plan.reconcile.planner import plan
from reconciler.plan.schedule.node_health import node_health
from reconciler.plan.wants.versions import with_version_results
from reconciler.wire.messages import InstanceKey, Status, reservation_of
from reconciler.wire.reports import Drift
from tests.support.planning import NOW, World, business, component, node

NODES = ("n0", "n1", "n2", "n3")
BUSINESSES = ("b0", "b1")
COMPONENTS = ("c0", "c1", "c2")
EVENTS = (
    *("deploy", "deploy", "node", "silence", "run", "run", "run", "drain", "undrain"),
    *("drift", "fail", "kill", "bad", "tick", "stop", "restart", "remove"),
)
FIELDS = ("memory_mb", "cpu_cores", "restart", "environment_variables.X", "image_name", "status")
DRAINS: tuple[dict[str, Any], ...] = (
    *({}, {}, {}),
    {"draining": True, "cordoned": True},
    {"draining": True, "cordoned": True, "drain_by": NOW + 30},
    {"draining": True, "cordoned": True, "drain_by": NOW - 1},
)


class Life(World):
    """A world in which time passes, and actions are carried out one by one, as a fleet would."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        super().__init__(*(self._node() for _ in range(self.random.randint(1, 4))))
        self.policy = Policy(blast_radius=BlastRadius(stops=10**6, nodes=10**6, volumes=10**6))
        self.at = NOW
        self._version = 0
        self._bad: set[str] = set()
        self.wants(*(self._business() for _ in range(self.random.randint(1, 2))))
        self.runs(30)

    def plan(self) -> Plan:
        """What would be done at this time."""
        return plan(self.desired, self.observed, self.policy, self.at)

    def goes_on(self, events: int = 12) -> "Life":
        """Let so many things happen."""
        for _ in range(events):
            self._happens(self.random.choice(EVENTS))
        return self

    def runs(self, steps: int) -> Plan:
        """Carry out so many actions that wait for nothing, in random order; the plan after that."""
        for _ in range(steps):
            found = self.plan()
            self.desired = with_version_results(self.desired, found.version_results)
            able = self.able(found)
            if not able:
                return found
            self._does(self.random.choice(able))
        return self.plan()

    def able(self, found: Plan) -> list[Action]:
        """The actions that wait for nothing."""
        todo = {action.allocation_id for action in found.actions}
        return [
            action
            for action in found.actions
            if action.blocked_by is None and not any((key, action.node_id) in todo for key in action.waits_for)
        ]

    def ticks(self, seconds: float) -> None:
        """Time passes; nodes that answer go on to do so."""
        self.at += seconds
        for one in list(self.observed.nodes.values()):
            if self.at - seconds - one.last_seen < self.policy.suspect_after:
                self.has(replace(one, last_seen=one.last_seen + seconds))

    def heals(self) -> None:
        """No version fails any more."""
        self._bad.clear()

    def running_twice(self) -> set[InstanceKey]:
        """The singletons that run on two nodes that are not lost."""
        singletons = {
            (business_id, part.component_id)
            for business_id, entry in self.desired.businesses.items()
            for part in entry.business.components
            if part.singleton
        }
        seen: set[InstanceKey] = set()
        twice = set()
        for allocation in self.observed.allocations:
            health = node_health(self.observed.nodes[allocation.node_id], self.policy, self.at)
            key = allocation.key
            is_singleton = (key.business_id, key.component_id) in singletons
            if is_singleton and not allocation.ended and health is not NodeHealth.LOST:
                (twice if key in seen else seen).add(key)
        return twice

    def _does(self, action: Action) -> None:
        before = self.running_twice()
        allocations = {(one.key, one.node_id): one for one in self.observed.allocations}
        if action.kind is Kind.STOP:
            allocations.pop(action.allocation_id, None)
        elif action.component is not None:
            self._version += 1
            allocations[action.allocation_id] = Allocation(
                action.key,
                action.node_id,
                Status.FAILED if action.digest in self._bad else Status.RUNNING,
                action.digest,
                self._version,
                reservation_of(action.component, action.gpu_devices),
                container_id=f"k{self._version}",
                since=self.at,
            )
        heals = dict(self.observed.heals)
        for field in action.heals:
            heals[action.key, field] = heals.get((action.key, field), 0) + 1
        self.observed = replace(self.observed, allocations=tuple(allocations.values()), heals=heals)
        assert self.running_twice() <= before, f"{action} starts a singleton that runs elsewhere"

    def _happens(self, event: str) -> None:
        pick = self.random.choice
        if event == "deploy":
            self.wants(self._business())
        elif event == "node":
            self.has(replace(self._node(), last_seen=self.at))
        elif event == "run":
            self.runs(pick((1, 3, 20)))
        elif event == "tick":
            self.ticks(pick((1, 6, 16, 70)))
        elif event in ("silence", "drain", "undrain"):
            self._node_changes(event, pick(sorted(self.observed.nodes)))
        elif event in ("stop", "restart", "remove"):
            if self.desired.businesses:
                verbs = {"stop": self.stops, "restart": self.restarts, "remove": self.removes}
                verbs[event](pick(sorted(self.desired.businesses)))
        elif self.observed.allocations:
            self._allocation_changes(event, self.random.randrange(len(self.observed.allocations)))

    def _node_changes(self, event: str, node_id: str) -> None:
        pick = self.random.choice
        if event == "silence":
            self.has(replace(self.observed.nodes[node_id], last_seen=self.at - pick((0, 20, 61))))
            return
        is_drain = event == "drain"
        by = self.at + pick((-1, 10, 60)) if is_drain and pick((True, False)) else None
        self.has(replace(self.observed.nodes[node_id], draining=is_drain, cordoned=is_drain, drain_by=by))

    def _allocation_changes(self, event: str, index: int) -> None:
        pick = self.random.choice
        allocations = list(self.observed.allocations)
        one = allocations[index]
        if event == "bad":
            self._bad.add(one.digest)
        elif event == "kill":
            allocations.pop(index)
        elif event == "drift":
            drift = Drift(field=pick(FIELDS), expected="1", actual=pick(("2", None)), first_seen=self.at)
            allocations[index] = replace(one, drift=(drift,))
        else:
            ended, status = pick((True, False)), pick((Status.FAILED, Status.STOPPED))
            allocations[index] = replace(one, status=status, ended=ended, since=self.at)
        self.observed = replace(self.observed, allocations=tuple(allocations))

    def _node(self) -> Node:
        pick = self.random.choice
        return node(
            pick(NODES),
            cpu=pick((1, 2, 4)),
            memory=pick((512, 1024, 2048)),
            silent=pick((0, 0, 0, 0, 20, 61)),
            labels=pick(({}, {"zone": "east"}, {"zone": "west"})),
            address=pick(("10.0.0.1:1", "10.0.0.2:1")),
            **pick(DRAINS),
        )

    def _business(self) -> Business:
        pick = self.random.choice
        names = sorted(self.random.sample(COMPONENTS, self.random.randint(1, 3)))
        parts = tuple(self._component(name, names[:number]) for number, name in enumerate(names))
        return msgspec.structs.replace(
            business(pick(BUSINESSES), *parts), sync=Sync(self_heal=pick((None, None, False)))
        )

    def _component(self, name: str, earlier: list[str]) -> Component:
        pick = self.random.choice
        ports = pick(((), (), (Port(target=80, published=80),), (Port(target=81, published=81, host_ip="127.0.0.1"),)))
        kind = pick(({"singleton": True}, {"replicas": self.random.randint(0, 3)}, {"replicas": 2}, {"mode": "global"}))
        is_beside = "singleton" not in kind and not ports and pick((True, False))
        needs = {pick(earlier): Dependency(condition=pick(("service_started", "service_healthy")))} if earlier else {}
        refers = {"UP": f"${{{pick(earlier)}.host}}"} if earlier and pick((True, False)) else {}
        return component(
            name,
            cpu=pick((0, 0, 0.5, 1)),
            memory=pick((0, 0, 256, 512)),
            ports=ports,
            data=pick((False, False, True)),
            update=Update(
                order="start-first" if is_beside else "stop-first",
                parallelism=pick((0, 1, 1, 2)),
                canary=pick((0, 0, 0, 1)),
                delay=pick((0.0, 0.0, 5.0)),
                failure_action=pick(("pause", "continue", "rollback")),
                max_failure_ratio=pick((0.0, 0.5)),
                monitor=pick((None, 0.0, 3.0)),
            ),
            on_node_loss=pick((None, None, "keep", "reschedule")),
            restart=pick(("always", "no", "on-failure:2")),
            image_name=pick(("app:1", "app:2")),
            environment_variables=refers,
            depends_on=needs if pick((True, False)) else {},
            spread_by=pick((None, None, None, "zone")),
            anti_affinity=tuple(self.random.sample(COMPONENTS, self.random.randint(0, 1))),
            **kind,
        )

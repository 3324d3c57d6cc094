"""An hour in which nobody changes anything: as many reports of real containers, and nothing is ever to be done."""

from dataclasses import replace
from typing import Any

import docker
import pytest

from agent.engine.drift.compare import drift_of
from agent.engine.runtime import DockerRuntime
from reconciler.manifest.digest import digest
from reconciler.manifest.model import Healthcheck, Mount, Port, Resources
from reconciler.plan.model.observed import Allocation
from reconciler.plan.reconcile.planner import plan
from reconciler.wire.messages import Deploy, Status
from tests.agent.engine.fixtures import client, node_id, runtime  # noqa: F401 - fixtures
from tests.agent.engine.parts import component
from tests.support.planning import NOW, World, business, node
from tests.support.waiting import wait_until

# ruff: noqa: F811 - the fixtures' names
pytestmark = pytest.mark.docker

HEARTBEAT = 5
REPORTS = 3600 // HEARTBEAT
PARTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "limited": {"resource_requirements": Resources(cpu_cores=0.2, memory_mb=32), "pids_limit": 50, "init": True},
    "checked": {"healthcheck": Healthcheck(test=("CMD", "true"), interval=1), "labels": {"tier": "web"}},
    "full": {
        "environment_variables": {"A": "1", "DB_PASSWORD": "hunter2"},
        "ports": (Port(target=80, host_ip="127.0.0.1"),),
        "volumes": (Mount(type="volume", target="/cache"), Mount(type="tmpfs", target="/t", size=65536)),
        "read_only": True,
        "cap_drop": ("ALL",),
        "user": "nobody",
        "restart": "unless-stopped",
    },
}


def test_an_idle_hour_finds_no_drift_and_plans_nothing(
    client: docker.DockerClient, runtime: DockerRuntime, node_id: str
) -> None:
    """The clock is moved on by a heartbeat for each report; the containers and what the Engine says of them are real."""
    parts = [component(name, command=("sleep", "6000"), **fields) for name, fields in PARTS.items()]
    made = [
        Deploy(business_id="shop", component=part, instance=0, digest=digest(part), version=number)
        for number, part in enumerate(parts, 1)
    ]
    ids = [runtime.create(deploy) for deploy in made]
    wait_until(lambda: {one.status for one in runtime.list()} == {Status.RUNNING}, what="all of them to run")
    world = World(node(node_id)).wants(business("shop", *parts))
    for turn in range(REPORTS):
        now = NOW + turn * HEARTBEAT
        assert [drift_of(client.api.inspect_container(container_id)) for container_id in ids] == [()] * len(ids)
        world.node(node_id, last_seen=now)
        world.observed = replace(world.observed, allocations=allocations_of(runtime, node_id))
        found = plan(world.desired, world.observed, world.policy, now)
        assert (found.actions, found.pending, found.drifted) == ((), (), ()), turn
        assert len(found.placements) == len(parts)


def allocations_of(runtime: DockerRuntime, node_id: str) -> tuple[Allocation, ...]:
    """What the runtime tells of each container, as the manager keeps it."""
    return tuple(
        Allocation(
            one.key,
            node_id,
            one.status,
            one.digest,
            one.version,
            one.reservation,
            one.container_id,
            ended=one.ended,
            started_at=one.started_at,
            drift=one.drift,
        )
        for one in runtime.list()
    )

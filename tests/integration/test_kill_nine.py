"""SIGKILL of manager and agents at random points of deployments: the state converges, nothing twice, nothing lost."""

import random
import threading

import docker
import pytest

from tests.support.cluster import Cluster, business, docker_component
from tests.support.effort import rounds
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.docker, pytest.mark.processes, pytest.mark.slow]

ROUNDS = rounds(10, 200)
SEED = 20


def test_killed_at_any_moment_it_converges(empty: Cluster, client: docker.DockerClient, nodes: list[str]) -> None:
    """Each round changes one business, kills something a moment later, and looks at everything that came of it.

    `steady` is never changed: its containers stay the same through all rounds.
    """
    chance = random.Random(SEED)
    pause = threading.Event()
    empty.start_manager()
    for node_id in nodes:
        empty.start_agent(node_id)
        empty.wait_node(node_id)
    empty.post(business("steady", [docker_component("s", replicas=2)]))
    empty.post(business("busy", [docker_component("b0")]))
    empty.wait_in_sync()
    steady = empty.containers("steady")

    for number in range(ROUNDS):
        names = chance.sample(["b0", "b1", "b2"], k=chance.randint(1, 3))
        spec = business(
            "busy",
            [
                docker_component(name, environment_variables={"ROUND": str(number)}, stop_grace_period="1s")
                for name in names
            ],
        )
        acknowledged = empty.put(spec)
        pause.wait(chance.uniform(0, 0.5))
        victims = chance.choice((["manager"], [nodes[0]], [nodes[1]], nodes, ["manager", *nodes]))
        for victim in victims:
            empty.child(victim).kill()
        if "manager" in victims:
            empty.start_manager()
        for node_id in nodes:
            if node_id in victims:
                empty.start_agent(node_id)

        def settled(names: list[str] = names, number: int = number) -> bool:
            found = client.containers.list(
                all=True, ignore_removed=True, filters={"label": "reconciler.business_id=busy"}
            )
            mine = [container for container in found if container.labels["reconciler.node_id"] in nodes]
            shown = sorted(
                container.labels["reconciler.component_id"]
                for container in mine
                if container.status == "running" and f"ROUND={number}" in container.attrs["Config"]["Env"]
            )
            return shown == sorted(names) and len(mine) == len(names)

        context = f"round {number}: {victims} killed, {sorted(names)} wanted, {acknowledged}"
        try:
            wait_until(settled, what=context)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{empty.plan()}\n{empty.logs()}") from None
        empty.wait_in_sync()
        assert empty.containers("steady") == steady, context

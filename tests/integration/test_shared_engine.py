"""Several agents on one engine: each acts on its own containers only, and on nobody else's."""

import docker
import pytest

from tests.support.cluster import Cluster, business, docker_component
from tests.support.waiting import wait_until

pytestmark = pytest.mark.docker


def test_two_agents_share_an_engine(cluster: Cluster, client: docker.DockerClient, nodes: list[str]) -> None:
    stranger = client.containers.run("reconciler-test/busybox:1", ["sleep", "600"], detach=True)
    try:
        cluster.start_agent(nodes[1], "--label", "zone=b")
        cluster.wait_node(nodes[1])
        wide = docker_component("web", replicas=2, affinity={"anti_affinity": ["web"]})
        pinned = docker_component("pinned", affinity={"node_labels": {"zone": "b"}})
        cluster.post(business("both", [wide, pinned]))
        cluster.wait_status("both", "running")

        where = {(part["component_id"], part["instance"]): part["node_id"] for part in cluster.components("both")}
        assert where[("pinned", 0)] == nodes[1]
        assert set(where.values()) == set(nodes), "each node runs one of those that stay apart"
        for node_id in nodes:
            labelled = client.containers.list(ignore_removed=True, filters={"label": f"reconciler.node_id={node_id}"})
            assert len(labelled) == sum(node == node_id for node in where.values())

        cluster.delete("both")
        cluster.wait_gone("both")
        wait_until(
            lambda: (
                not any(
                    client.containers.list(
                        all=True, ignore_removed=True, filters={"label": f"reconciler.node_id={node_id}"}
                    )
                    for node_id in nodes
                )
            ),
            what="their containers to be gone",
        )
        stranger.reload()
        assert stranger.status == "running"
    finally:
        stranger.remove(force=True)


def test_what_fits_nowhere_is_pending_with_the_reason_of_every_node(cluster: Cluster, nodes: list[str]) -> None:
    far = docker_component("far", affinity={"node_labels": {"zone": "moon"}})
    huge = docker_component("huge", resource_requirements={"cpu_cores": 0.1, "memory_mb": 10_000_000})
    cluster.post(business("waits", [far, huge]))
    cluster.wait_status("waits", "pending")
    messages = {part["component_id"]: part["message"] for part in cluster.components("waits")}
    assert messages["far"] == "1 node: label zone=moon missing"
    assert messages["huge"].startswith("1 node: memory: needs 10000000 MB, at most ")


def test_a_lost_node_s_instances_move_and_the_surplus_stops_when_it_is_back(
    empty: Cluster, client: docker.DockerClient, nodes: list[str]
) -> None:
    empty.start_manager("--suspect-after", "3", "--lost-after", "6")
    for node_id in nodes:
        empty.start_agent(node_id)
        empty.wait_node(node_id)
    empty.post(business("moves", [docker_component("a", replicas=4)]))
    empty.wait_status("moves", "running")
    lost = empty.components("moves")[0]["node_id"]
    (left,) = set(nodes) - {lost}

    empty.agents[lost].terminate()
    empty.wait_node(lost, "lost")
    wait_until(
        lambda: (
            {part["node_id"] for part in empty.components("moves")} == {left} and empty.status("moves") == "running"
        ),
        what="everything to run on the other node",
    )
    empty.start_agent(lost)
    empty.wait_node(lost)
    wait_until(
        lambda: not client.containers.list(ignore_removed=True, filters={"label": f"reconciler.node_id={lost}"}),
        what="the surplus copies to stop",
    )
    empty.wait_in_sync()
    assert len(client.containers.list(ignore_removed=True, filters={"label": f"reconciler.node_id={left}"})) == 4

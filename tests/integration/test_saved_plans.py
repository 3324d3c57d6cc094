"""Saved plans and limits on real containers: what was shown is what is done, or nothing is."""

import json
from pathlib import Path
from typing import Any

import docker
import yaml

from tests.support.cluster import Cluster, business, docker_component
from tests.support.processes import free_port
from tests.support.waiting import wait_until


def both(cluster: Cluster, nodes: list[str]) -> Cluster:
    """The second node too."""
    cluster.start_agent(nodes[1])
    cluster.wait_node(nodes[1])
    return cluster


def saved(cluster: Cluster, tmp_path: Path, spec: dict[str, Any]) -> Path:
    """The file of a plan for this business."""
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec))
    out = tmp_path / "plan.json"
    shown = cluster.cli("diff", "--out", str(out), str(tmp_path / "spec.yaml"))
    assert shown.returncode == 1, shown.stderr
    return out


def containers(client: docker.DockerClient, business_id: str) -> dict[str, tuple[str, list[str]]]:
    """Each container's node and host ports, by the instance's name, as the Engine has them."""
    found = {}
    for one in client.api.containers(filters={"label": f"reconciler.business_id={business_id}"}):
        labels = one["Labels"]
        published = sorted({str(port["PublicPort"]) for port in one["Ports"] if "PublicPort" in port})
        name = f"{labels['reconciler.component_id']}/{labels['reconciler.instance']}"
        found[name] = labels["reconciler.node_id"], published
    return found


def test_a_saved_plan_is_carried_out_exactly(
    cluster: Cluster, nodes: list[str], client: docker.DockerClient, tmp_path: Path
) -> None:
    both(cluster, nodes)
    port = free_port()
    web = docker_component("web", ports=[f"{port}:80"], update={"parallelism": 0})
    spec = business("exact", [web, docker_component("job", replicas=3)])
    out = saved(cluster, tmp_path, spec)
    shown = json.loads(out.read_text())["document"]["actions"]
    cluster.post(business("between", [docker_component("x", replicas=4)]))
    cluster.wait_status("between", "running")
    done = cluster.cli("apply", str(out), "--wait")
    assert done.returncode == 0, done.stderr + cluster.logs()
    planned = {f"{one['component_id']}/{one['instance']}": one["node_id"] for one in shown}
    running = containers(client, "exact")
    assert {name: node for name, (node, _) in running.items()} == planned
    assert running["web/0"][1] == [str(port)]
    digest = json.loads(out.read_text())["hash"]
    wait_until(lambda: cluster.get(f"/api/plans/{digest}")["state"] == "done", what="the plan to be done")
    assert cluster.get(f"/api/plans/{digest}")["departures"] == []
    told = cluster.cli("get", "plan", digest[:12]).stdout
    assert "done" in told and "no departure" in told


def test_a_moved_fact_refuses_the_plan_and_nothing_happens(
    cluster: Cluster, nodes: list[str], client: docker.DockerClient, tmp_path: Path
) -> None:
    spec = business("moved", [docker_component("web")])
    out = saved(cluster, tmp_path, spec)
    assert cluster.cli("node", "cordon", nodes[0]).returncode == 0
    refused = cluster.cli("apply", str(out))
    assert refused.returncode == 1
    assert f"node {nodes[0]}: state: was ready, is cordoned" in refused.stderr
    assert containers(client, "moved") == {} and cluster.status("moved") == ""
    assert cluster.cli("node", "uncordon", nodes[0]).returncode == 0
    assert cluster.cli("apply", str(out), "--wait").returncode == 0, "the same file, once the fact holds again"
    assert containers(client, "moved")["web/0"][0] == nodes[0]


def test_what_is_beyond_a_limit_runs_on_until_it_is_approved(
    empty: Cluster, nodes: list[str], client: docker.DockerClient, tmp_path: Path
) -> None:
    empty.start_manager("--most-stops", "2", "--most-volume-stops", "0")
    empty.start_agent(nodes[0])
    empty.wait_node(nodes[0])
    (tmp_path / "data").mkdir()
    volume = [{"type": "bind", "source": str(tmp_path / "data"), "target": "/data"}]
    empty.post(business("many", [docker_component("web", replicas=3)]))
    empty.post(business("kept", [docker_component("db", volumes=volume)]))
    empty.wait_in_sync()
    removed = empty.cli("delete", "many", "--yes")
    assert removed.returncode == 0 and "held" not in removed.stderr, "--yes passes the number of stops"
    wait_until(lambda: containers(client, "many") == {}, what="the containers to end")
    empty.post(business("many", [docker_component("web", replicas=3)]))
    empty.wait_in_sync()

    stopped = empty.cli("stop", "many")
    assert stopped.returncode == 0 and "3 stops are more than the 2" in stopped.stderr
    wait_until(lambda: "blocked" in kinds(empty, "many"), what="the event")
    assert len(containers(client, "many")) == 3, "not even the first two end"
    now = empty.get("/api/approvals")["hash"]
    assert empty.cli("approve", now[:12]).returncode == 0
    wait_until(lambda: containers(client, "many") == {}, what="the containers to end once it is approved")
    # What is told of them later makes another plan, and a yes is for one plan.
    empty.wait_status("many", "stopped")

    insisted = empty.cli("stop", "kept", "--yes")
    assert "1 stop of instances with volumes is more than the 0" in insisted.stderr, "--yes does not pass volumes"
    assert len(containers(client, "kept")) == 1
    assert empty.cli("approve", empty.get("/api/approvals")["hash"]).returncode == 0
    wait_until(lambda: containers(client, "kept") == {}, what="what holds volumes to end once it is approved")


def kinds(cluster: Cluster, business_id: str) -> list[str]:
    return [event["kind"] for event in cluster.get("/api/events") if event["business_id"] == business_id]


def test_a_drain_is_checked_before_it_is_done(cluster: Cluster, nodes: list[str], client: docker.DockerClient) -> None:
    cluster.post(business("drained", [docker_component("web", replicas=2)]))
    cluster.wait_status("drained", "running")
    alone = cluster.cli("node", "drain", nodes[0], "--check")
    assert alone.returncode == 1 and f"2 instances would stay on {nodes[0]}" in alone.stdout
    both(cluster, nodes)
    fine = cluster.cli("drain", nodes[0], "--check")
    assert fine.returncode == 0 and f"moves to {nodes[1]}" in fine.stdout
    assert {node for node, _ in containers(client, "drained").values()} == {nodes[0]}, "nothing was done"
    assert cluster.cli("node", "drain", nodes[0], "--wait").returncode == 0
    assert {node for node, _ in containers(client, "drained").values()} == {nodes[1]}
    assert cluster.cli("drain", "nope", "--check").returncode == 2

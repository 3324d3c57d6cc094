"""The mission's section 9 on real containers: deploy, status collection, update, stop, restart, delete."""

import docker
import pytest
import requests
import yaml

from tests.support.cluster import Cluster, business, docker_component
from tests.support.processes import free_port
from tests.support.waiting import wait_until

pytestmark = pytest.mark.docker


def running(client: docker.DockerClient, node_id: str) -> dict[str, str]:
    """Component id → container id of every running container of the node."""
    found = client.containers.list(ignore_removed=True, filters={"label": f"reconciler.node_id={node_id}"})
    names = [container.labels["reconciler.component_id"] for container in found]
    assert len(names) == len(set(names)), f"an instance runs twice: {names}"
    return {container.labels["reconciler.component_id"]: container.id for container in found}


def page(port: int) -> str:
    """What the published web server answers; nothing while it starts."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/", timeout=5).text
    except requests.ConnectionError:
        return ""


def test_a_business_lives_from_deploy_to_delete(
    cluster: Cluster, client: docker.DockerClient, nodes: list[str]
) -> None:
    port = free_port()
    web = docker_component(
        "web",
        "reconciler-test/web:1",
        command=["httpd", "-f", "-p", "8080", "-h", "/www"],
        ports=[f"127.0.0.1:{port}:8080"],
        config_files=[{"path": "/www/index.html", "content": "first"}],
        environment_variables={"GREETING": "hello"},
    )
    shop = business("shop", [web, docker_component("cache"), docker_component("queue")])

    reply = cluster.post(shop)
    assert reply == {
        "status": "success",
        "message": "accepted as revision 1",
        "business_id": "shop",
        "revision": 1,
        "changed": True,
    }
    cluster.wait_status("shop", "running")
    first = cluster.containers("shop")
    assert first == {f"{name}/0": container for name, container in running(client, nodes[0]).items()}
    wait_until(lambda: page(port) == "first", what="the page")

    def measured() -> bool:
        parts = cluster.components("shop")
        return all(part["resource_usage"]["memory_mb"] > 0 and part["started_at"] for part in parts)

    wait_until(measured, what="usage to be reported")
    inspected = client.containers.get(first["web/0"]).attrs
    assert inspected["HostConfig"]["Memory"] == 16 * 2**20
    assert inspected["HostConfig"]["CpuQuota"] == 2_000
    assert "GREETING=hello" in inspected["Config"]["Env"]

    web["config_files"] = [{"path": "/www/index.html", "content": "second"}]
    changed = business("shop", [web, docker_component("cache"), docker_component("extra")])
    plan = cluster.request("POST", "/api/plan", json={"businesses": [changed]}).json()
    assert plan["summary"] == {"create": 1, "update": 1, "stop": 1, "pending": 0}
    assert plan["unchanged"] == 1
    assert [(item["kind"], item["component_id"]) for item in plan["actions"]] == [
        ("stop", "queue"),
        ("update", "web"),
        ("create", "extra"),
    ]
    assert cluster.containers("shop") == first, "a plan changes nothing"

    cluster.put(changed)
    cluster.wait_in_sync()
    second = cluster.containers("shop")
    assert second["cache/0"] == first["cache/0"], "the unchanged component keeps its container"
    assert second["web/0"] != first["web/0"]
    assert set(second) == {"web/0", "cache/0", "extra/0"}
    assert set(running(client, nodes[0])) == {"web", "cache", "extra"}
    wait_until(lambda: page(port) == "second", what="the new page")

    assert cluster.put(changed)["message"] == "unchanged: revision 2 says the same"
    assert cluster.plan()["actions"] == []

    cluster.ask("shop", "stop")
    cluster.wait_status("shop", "stopped")
    wait_until(lambda: not running(client, nodes[0]), what="its containers to be gone")
    assert {part["status"] for part in cluster.components("shop")} == {"stopped"}

    cluster.ask("shop", "restart")
    cluster.wait_status("shop", "running")
    third = cluster.containers("shop")
    assert not set(third.values()) & set(second.values())

    cluster.ask("shop", "restart")
    cluster.wait_in_sync()
    wait_until(lambda: not set(cluster.containers("shop").values()) & set(third.values()), what="new containers")
    cluster.wait_in_sync()

    cluster.delete("shop")
    cluster.wait_gone("shop")
    wait_until(lambda: not running(client, nodes[0]), what="its containers to be gone")


def test_files_and_rest_own_what_they_declare(cluster: Cluster, nodes: list[str]) -> None:
    def write(*names: str) -> None:
        documents = [business("files", [docker_component(name) for name in names])]
        (cluster.desired / "files.yaml").write_text(yaml.safe_dump_all(documents))

    write("one")
    cluster.wait_status("files", "running")
    found = cluster.get("/api/businesses/files")
    assert found["source"] == "desired/files.yaml"
    container = cluster.containers("files")["one/0"]

    other = business("files", [docker_component("two")])
    for method, path in (("PUT", "/files"), ("POST", ""), ("DELETE", "/files")):
        body = None if method == "DELETE" else other
        reply = cluster.request(method, f"/api/businesses{path}", json=body)
        assert reply.status_code == 409
        assert "desired/files.yaml" in reply.json()["message"]

    write("one", "two")
    wait_until(lambda: set(cluster.containers("files")) == {"one/0", "two/0"}, what="the new component")
    assert cluster.containers("files")["one/0"] == container

    cluster.ask("files", "stop")
    cluster.wait_status("files", "stopped")
    diff = cluster.cli("diff")
    assert diff.returncode == 0, diff.stdout + diff.stderr
    cluster.ask("files", "restart")
    cluster.wait_status("files", "running")


def test_restarting_manager_and_agent_restarts_no_container(cluster: Cluster, nodes: list[str]) -> None:
    cluster.post(business("calm", [docker_component("a"), docker_component("b")]))
    cluster.wait_status("calm", "running")
    before = cluster.containers("calm")

    assert cluster.manager is not None
    assert cluster.manager.terminate() == 0
    assert cluster.agents[nodes[0]].terminate() == 0
    cluster.start_manager()
    cluster.start_agent(nodes[0])
    cluster.wait_node(nodes[0])
    cluster.wait_in_sync()
    assert cluster.containers("calm") == before


def test_a_manager_without_its_database_takes_over_what_files_declare(cluster: Cluster, nodes: list[str]) -> None:
    documents = [business("kept", [docker_component("a"), docker_component("b")])]
    (cluster.desired / "kept.yaml").write_text(yaml.safe_dump_all(documents))
    cluster.wait_status("kept", "running")
    before = cluster.containers("kept")

    assert cluster.manager is not None
    cluster.manager.terminate()
    for file in cluster.root.glob("manager.db*"):
        file.unlink()
    cluster.start_manager()
    cluster.wait_node(nodes[0])
    cluster.wait_status("kept", "running")
    cluster.wait_in_sync()
    assert cluster.containers("kept") == before


def one_container(cluster: Cluster) -> str:
    """The id of the only container of a business `heal`, which runs."""
    cluster.post(business("heal", [docker_component("a")]))
    cluster.wait_status("heal", "running")
    return cluster.containers("heal")["a/0"]


def test_a_container_stopped_by_hand_is_started_again(
    cluster: Cluster, client: docker.DockerClient, nodes: list[str]
) -> None:
    first = one_container(cluster)
    client.containers.get(first).remove(force=True)

    def healed() -> bool:
        now = cluster.containers("heal").get("a/0")
        return now not in (None, first) and cluster.status("heal") == "running"

    wait_until(healed, what="a new container")
    second = cluster.containers("heal")["a/0"]
    client.containers.get(second).stop(timeout=1)
    wait_until(
        lambda: cluster.status("heal") == "running" and running(client, nodes[0]).keys() == {"a"},
        what="it to run again",
    )


def test_a_container_paused_by_hand_is_replaced(
    cluster: Cluster, client: docker.DockerClient, nodes: list[str]
) -> None:
    first = one_container(cluster)
    client.containers.get(first).pause()
    wait_until(lambda: cluster.containers("heal").get("a/0") not in (None, first), what="a new container")
    cluster.wait_status("heal", "running")
    assert running(client, nodes[0]).keys() == {"a"}
    events = cluster.cli("events", "heal").stdout
    assert "paused by someone" in events

"""Health on a real cluster: probes decide the status, what turns unhealthy is restarted, and ends with a last word."""

import sys
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.support.cluster import Cluster, business, docker_component, program
from tests.support.processes import free_port
from tests.support.waiting import wait_until

UP = """#!/bin/sh
test -e /tmp/broken && echo 'Status: 500 Broken'
echo 'Content-Type: text/plain'
echo
"""
SERVE = "busybox rm -f /tmp/broken; trap 'exit 0' TERM; httpd -f -p 8080 -h /www & wait"
SOON = {"interval": "200ms", "timeout": "5s", "retries": 2}
ONCE_UP = SOON | {"start_period": "1h"}
"""The same for what takes a while to come up, on a slow machine longer than two checks."""


def server(component_id: str, script: str = SERVE, **more: Any) -> dict[str, Any]:
    """A web server whose page /cgi-bin/up answers 500 as long as there is /tmp/broken."""
    files = [{"path": "/www/cgi-bin/up", "content": UP, "mode": "0755"}]
    check = {"http": {"port": 8080, "path": "/cgi-bin/up"}} | ONCE_UP
    command = ["sh", "-c", script]
    return docker_component(component_id, command=command, config_files=files, healthcheck=check, **more)


def part(cluster: Cluster, business_id: str, component_id: str = "web") -> dict[str, Any]:
    """The first instance of a component, as the manager knows it."""
    return next(item for item in cluster.components(business_id) if item["component_id"] == component_id)


def happened(cluster: Cluster, business_id: str) -> list[tuple[str, str]]:
    """What the manager tells of the business: kinds and messages."""
    found = cluster.get(f"/api/events?business={business_id}&limit=1000")
    return [(event["kind"], event["message"]) for event in found]


def inside(client: docker.DockerClient, container_id: str, *words: str) -> None:
    result = client.containers.get(container_id).exec_run(list(words))
    assert result.exit_code == 0, result.output


@pytest.mark.docker
def test_a_dependant_waits_until_the_probe_says_yes(cluster: Cluster, client: docker.DockerClient) -> None:
    db = server("db", f"while ! test -e /tmp/go; do sleep 0.05; done; {SERVE}")
    web = docker_component("web", depends_on={"db": {"condition": "service_healthy"}})
    cluster.post(business("shop", [db, web]))
    refused = "waiting for its healthcheck: connection refused on port 8080"
    wait_until(lambda: part(cluster, "shop", "db")["message"] == refused, what="the reason")
    assert part(cluster, "shop", "db")["status"] == "starting"
    assert part(cluster, "shop")["message"] == "waits until db/0 is healthy"
    inside(client, cluster.containers("shop")["db/0"], "sh", "-c", "echo > /tmp/go")
    cluster.wait_status("shop", "running")
    cluster.wait_in_sync()


@pytest.mark.docker
def test_a_server_that_breaks_is_restarted_and_works_again(cluster: Cluster, client: docker.DockerClient) -> None:
    cluster.post(business("shop", [server("web")]))
    cluster.wait_status("shop", "running")
    container_id = cluster.containers("shop")["web/0"]
    inside(client, container_id, "sh", "-c", "echo > /tmp/broken")
    wait_until(lambda: part(cluster, "shop")["restart_count"] == 1, what="the restart")
    cluster.wait_status("shop", "running")
    cluster.wait_in_sync()
    assert cluster.containers("shop")["web/0"] == container_id, "restarted, not replaced"
    assert "unhealthy: GET /cgi-bin/up on port 8080 answers 500; restarting" in cluster.logs(1000)


@pytest.mark.docker
def test_it_is_restarted_while_the_manager_is_away(cluster: Cluster, client: docker.DockerClient) -> None:
    cluster.post(business("shop", [server("web")]))
    cluster.wait_status("shop", "running")
    container = client.containers.get(cluster.containers("shop")["web/0"])
    began = container.attrs["State"]["StartedAt"]
    assert cluster.manager is not None
    cluster.manager.terminate()
    inside(client, container.id, "sh", "-c", "echo > /tmp/broken")
    wait_until(lambda: client.api.inspect_container(container.id)["State"]["StartedAt"] != began, what="the new start")
    cluster.start_manager()
    wait_until(lambda: part(cluster, "shop")["restart_count"] == 1, what="the restart to be told")
    cluster.wait_status("shop", "running")


@pytest.mark.docker
def test_the_next_agent_reports_no_change_of_what_is_well(cluster: Cluster, nodes: list[str]) -> None:
    old, young = server("old"), server("young")
    del old["healthcheck"]["start_period"]
    cluster.post(business("shop", [old, young]))
    cluster.wait_status("shop", "running")
    cluster.wait_in_sync()
    before = happened(cluster, "shop"), cluster.containers("shop")
    seen = cluster.get("/api/nodes")[0]["last_seen"]
    cluster.agents[nodes[0]].terminate()
    cluster.start_agent(nodes[0])
    wait_until(lambda: cluster.get("/api/nodes")[0]["last_seen"] > seen, what="the new agent")
    cluster.wait_in_sync()
    assert (happened(cluster, "shop"), cluster.containers("shop")) == before


@pytest.mark.docker
def test_pre_stop_leaves_its_mark(cluster: Cluster, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    web = docker_component(
        "web", pre_stop=["sh", "-c", "echo drained > /host/mark"], volumes=[f"{tmp_path / 'host'}:/host"]
    )
    cluster.post(business("shop", [web]))
    cluster.wait_status("shop", "running")
    cluster.ask("shop", "stop")
    cluster.wait_status("shop", "stopped")
    assert (tmp_path / "host" / "mark").read_text() == "drained\n"


def test_a_program_is_probed_and_restarted(programs: Cluster, tmp_path: Path) -> None:
    port = free_port()
    page = tmp_path / "up"
    serve = f"echo > {page}; exec {sys.executable} -m http.server {port} --bind 127.0.0.1 --directory {tmp_path}"
    web = program("web", "east", serve, healthcheck={"http": {"port": port, "path": "/up"}} | ONCE_UP)
    watch = program("watch", "east", "exec sleep 600", healthcheck={"tcp": {"port": port}} | ONCE_UP)
    watch["depends_on"] = {"web": {"condition": "service_healthy"}}
    programs.post(business("site", [web, watch]))
    programs.wait_status("site", "running")
    page.unlink()
    wait_until(lambda: part(programs, "site")["restart_count"] == 1, what="the restart")
    programs.wait_status("site", "running")
    reason = f"restarting site/web/0: unhealthy: GET /up on port {port} answers 404; restarting"
    assert reason in programs.logs(1000)


def test_a_program_that_stays_unhealthy_is_left_alone_for_longer_each_time(programs: Cluster) -> None:
    port = free_port()
    check = {"tcp": {"port": port}} | SOON | {"retries": 1}
    programs.post(business("site", [program("web", "east", "exec sleep 600", healthcheck=check)]))
    reason = f"unhealthy: connection refused on port {port}; restarted 1 time, again in "
    wait_until(lambda: part(programs, "site")["message"].startswith(reason), what="the second restart's plan")
    assert part(programs, "site")["restart_count"] == 1


def test_the_next_agent_reports_no_change_of_a_program(programs: Cluster) -> None:
    port = free_port()
    serve = f"exec {sys.executable} -m http.server {port} --bind 127.0.0.1"
    check = {"http": {"port": port}} | ONCE_UP
    programs.post(business("site", [program("web", "east", serve, healthcheck=check)]))
    programs.wait_status("site", "running")
    programs.wait_in_sync()
    before = happened(programs, "site")

    def seen() -> str:
        return next(node["last_seen"] for node in programs.get("/api/nodes") if node["node_id"] == "east")

    last = seen()
    programs.agents["east"].terminate()
    programs.start_agent("east", runtime="process")
    wait_until(lambda: seen() > last, what="the new agent")
    programs.wait_in_sync()
    assert happened(programs, "site") == before


def test_a_program_s_pre_stop_leaves_its_mark(programs: Cluster, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    told = f"trap 'echo told >> {mark}; exit 0' TERM; while :; do sleep 0.1; done"
    web = program("web", "east", told, environment_variables={"WORD": "drained"})
    web["pre_stop"] = ["sh", "-c", f"echo $WORD >> {mark}"]
    programs.post(business("site", [web]))
    programs.wait_status("site", "running")
    programs.ask("site", "stop")
    programs.wait_status("site", "stopped")
    assert mark.read_text() == "drained\ntold\n"

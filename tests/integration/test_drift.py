"""Whatever somebody does to a container by hand is seen, named by its field, and set back; nothing else ever is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.support.cluster import Cluster, business, docker_component
from tests.support.images import WEB
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.docker, pytest.mark.slow]

Change = Callable[[docker.DockerClient, str], None]
MIB = 1024 * 1024


def update(**values: Any) -> Change:
    """`docker update`."""

    def change(client: docker.DockerClient, container_id: str) -> None:
        address = client.api._url("/containers/{0}/update", container_id)
        client.api._result(client.api._post_json(address, data=values), json=True)

    return change


def call(verb: str, **arguments: Any) -> Change:
    """One call about the container."""
    return lambda client, container_id: getattr(client.api, verb)(container_id, **arguments)


def rename(client: docker.DockerClient, container_id: str) -> None:
    client.api.rename(container_id, f"mine-{container_id[:8]}")


def leave_network(client: docker.DockerClient, container_id: str) -> None:
    (name,) = client.api.inspect_container(container_id)["NetworkSettings"]["Networks"]
    client.api.disconnect_container_from_network(container_id, name)


def join_network(client: docker.DockerClient, container_id: str) -> None:
    client.api.connect_container_to_network(container_id, "bridge")


def again(config: dict[str, Any] | None = None, **host: Any) -> Change:
    """Remove the container and run another one under its name and labels, with these differences."""

    def change(client: docker.DockerClient, container_id: str) -> None:
        old = client.api.inspect_container(container_id)
        body = old["Config"] | (config or {}) | {"HostConfig": old["HostConfig"] | host}
        body["NetworkingConfig"] = {"EndpointsConfig": {name: {} for name in old["NetworkSettings"]["Networks"]}}
        if "Labels" in (config or {}):
            body["Labels"] = old["Config"]["Labels"] | body["Labels"]
        if "Env" in (config or {}):
            body["Env"] = [*(entry for entry in old["Config"]["Env"] if entry[:2] != "A="), *body["Env"]]
        del body["Hostname"]
        client.api.remove_container(container_id, force=True, v=True)
        made = client.api.create_container_from_config(body, old["Name"].lstrip("/"))
        client.api.start(made["Id"])

    return change


LIVE: dict[str, tuple[Change, str]] = {
    "memory": (update(Memory=24 * MIB, MemorySwap=48 * MIB), "resource_requirements.memory_mb: 24 → 32"),
    "cpu": (update(CpuQuota=5000), "resource_requirements.cpu_cores: 0.05 → 0.02"),
    "swap": (update(MemorySwap=96 * MIB), "memswap_limit: 96m → 2 x memory_mb"),
    "restart": (update(RestartPolicy={"Name": "no"}), "restart: no → always"),
    "cpu-shares": (update(CpuShares=77), "cpu_shares: 77 → (none)"),
}
"""What is set back without a new container."""

FIELDS: dict[str, tuple[Change, str]] = {
    "cpuset": (update(CpusetCpus="0"), "cpuset: 0 → (none)"),
    "pids": (update(PidsLimit=77), "pids_limit: 77 → 99"),
    "reservation": (update(MemoryReservation=8 * MIB), "mem_reservation: 8m → (none)"),
    "name": (rename, "name: mine-"),
    "off-network": (leave_network, "networks: (none) → "),
    "on-network": (join_network, "networks: "),
    "env-other": (again({"Env": ["A=2"]}), "environment_variables.A: 2 → 1"),
    "env-more": (again({"Env": ["A=1", "DEBUG=1"]}), "environment_variables.DEBUG: 1 → (none)"),
    "env-less": (again({"Env": []}), "environment_variables.A: (none) → 1"),
    "env-secret": (again({"Env": ["A=1", "DB_PASSWORD=hunter2"]}), "environment_variables.DB_PASSWORD: (hidden)"),
    "command": (again({"Cmd": ["sleep", "600"]}), "command: "),
    "entrypoint": (again({"Entrypoint": ["env"]}), "entrypoint: "),
    "image": (again({"Image": WEB}), "image: sha256:"),
    "user": (again({"User": "33"}), "user: 33 → (none)"),
    "working-dir": (again({"WorkingDir": "/tmp"}), "working_dir: /tmp → (none)"),
    "label": (again({"Labels": {"tier": "db"}}), "labels.tier: db → web"),
    "label-more": (again({"Labels": {"mine": "yes"}}), "labels.mine: yes → (none)"),
    "stop-signal": (again({"StopSignal": "SIGUSR1"}), "stop_signal: SIGUSR1 → (none)"),
    "healthcheck": (again({"Healthcheck": {"Test": ["CMD", "true"]}}), "healthcheck.test: "),
    "tty": (again({"Tty": True}), "tty: true → (none)"),
    "mount-more": (again(Binds=["/tmp:/host:ro"]), "volumes[/host]: "),
    "tmpfs": (again(Tmpfs={"/scratch": ""}), "tmpfs[/scratch]: rw → (none)"),
    "port": (again(PortBindings={"80/tcp": [{"HostIp": "", "HostPort": ""}]}), "ports[80]: "),
    "cap-add": (again(CapAdd=["CHOWN"]), "cap_add: "),
    "cap-drop": (again(CapDrop=["MKNOD"]), "cap_drop: "),
    "read-only": (again(ReadonlyRootfs=True), "read_only: true → (none)"),
    "init": (again(Init=True), "init: true → (none)"),
    "dns": (again(Dns=["10.0.0.1"]), "dns: "),
    "hosts": (again(ExtraHosts=["db:10.0.0.5"]), "extra_hosts: "),
    "sysctl": (again(Sysctls={"net.ipv4.ip_forward": "1"}), "sysctls.net.ipv4.ip_forward: 1 → (none)"),
    "security": (again(SecurityOpt=["no-new-privileges"]), "security_opt: "),
}
"""What takes a new container."""

STATES: dict[str, tuple[Change, str]] = {
    "stop": (call("stop", timeout=1), "has ended: "),
    "kill": (call("kill"), "has ended: "),
    "pause": (call("pause"), "has ended: paused by someone"),
    "remove": (call("remove_container", force=True), "was removed on "),
}
"""What ends it."""

ALL = LIVE | FIELDS | STATES


def box(name: str, **more: Any) -> dict[str, Any]:
    limits = {"cpu_cores": 0.02, "memory_mb": 32}
    said = {"environment_variables": {"A": "1"}, "labels": {"tier": "web"}, "pids_limit": 99}
    return docker_component(name, resource_requirements=limits, update={"monitor": "0s"}, **(said | more))


def told(cluster: Cluster, business_id: str = "boxes") -> dict[str, list[str]]:
    """What was done to each component since it was created, and why."""
    found: dict[str, list[str]] = {}
    for event in cluster.get(f"/api/events?business_id={business_id}&limit=1000"):
        if event["kind"] in ("create", "update") and "not running yet" not in event["message"]:
            found.setdefault(event["component_id"], []).append(event["message"])
    return found


@pytest.mark.processes
def test_every_change_by_hand_is_named_and_set_back_and_no_other(
    cluster: Cluster, client: docker.DockerClient, nodes: list[str]
) -> None:
    ignoring = box("ignoring", ignore_drift=["environment"])
    cluster.post(business("boxes", [*(box(name) for name in ALL), box("untouched"), ignoring]))
    cluster.wait_status("boxes", "running")
    before = cluster.containers("boxes")
    assert told(cluster) == {} and cluster.get("/api/businesses/boxes/drift") == []

    for name in (*LIVE, *STATES):
        ALL[name][0](client, before[f"{name}/0"])
    wait_until(lambda: LIVE.keys() | STATES.keys() <= told(cluster).keys(), what="these changes to be seen")
    cluster.wait_in_sync()
    # What is removed comes back at once: whoever wants another in its place has to be quicker.
    with cluster.child(nodes[0]).frozen():
        for name in FIELDS:
            FIELDS[name][0](client, before[f"{name}/0"])
        again({"Env": ["A=3"]})(client, before["ignoring/0"])
    wait_until(lambda: ALL.keys() <= told(cluster).keys(), what="every change to be seen")
    cluster.wait_in_sync()

    events = told(cluster)
    assert events.keys() == ALL.keys()
    for name, (_, words) in ALL.items():
        assert any(words in message for message in events[name]), (name, words, events[name])
    assert "hunter2" not in str(events)
    wait_until(lambda: len(cluster.get("/api/businesses/boxes/drift")) == 1, what="only what is ignored to differ")
    (left,) = cluster.get("/api/businesses/boxes/drift")
    assert (left["component_id"], left["field"], left["fate"]) == ("ignoring", "environment_variables.A", "ignored")
    after = cluster.containers("boxes")
    for name in (*LIVE, "untouched"):
        assert after[f"{name}/0"] == before[f"{name}/0"], f"{name} needs no new container"

    cluster.child(nodes[0]).kill()
    cluster.start_agent(nodes[0])
    cluster.wait_node(nodes[0])
    for container_id in after.values():
        client.api.resize(container_id, 24, 80)  # nothing that matters, and the Engine tells of it
    cluster.wait_in_sync()
    assert len(cluster.get("/api/businesses/boxes/drift")) == 1
    assert cluster.containers("boxes") == after
    assert told(cluster) == events, "nothing else was ever done"


def test_what_is_changed_again_and_again_is_frozen_until_it_is_thawed(
    cluster: Cluster, client: docker.DockerClient, tmp_path: Path
) -> None:
    cluster.post(business("fight", [box("web")]))
    cluster.wait_status("fight", "running")
    container_id = cluster.containers("fight")["web/0"]
    client_limit = lambda: client.api.inspect_container(container_id)["HostConfig"]["Memory"] // MIB  # noqa: E731
    for _ in range(3):
        update(Memory=24 * MIB, MemorySwap=48 * MIB)(client, container_id)
        wait_until(lambda: client_limit() == 32, what="the limit to be set back")
        cluster.wait_in_sync()
    update(Memory=24 * MIB, MemorySwap=48 * MIB)(client, container_id)
    frozen = wait_until(
        lambda: next((one for one in cluster.get("/api/businesses/fight/drift") if "frozen" in one["fate"]), None),
        what="the field to be frozen",
    )
    assert (frozen["field"], frozen["expected"], frozen["actual"]) == ("resource_requirements.memory_mb", 32, 24)
    assert "is 24, not 32: frozen" in cluster.get("/api/businesses/fight")["message"]
    shown = cluster.cli("diff")
    assert shown.returncode == 1 and "has drifted: frozen" in shown.stdout

    file = tmp_path / "fight.yaml"
    cluster.cli("get", "fight", "-o", "yaml")
    file.write_text(
        "business_id: fight\ncomponents:\n  - component_id: web # the box\n    image_name: reconciler-test/busybox:1\n"
        "    resource_requirements: {cpu_cores: 0.02, memory_mb: 32}\n"
    )
    adopted = cluster.cli("adopt", "fight/web", str(file))
    assert adopted.returncode == 0, adopted.stderr
    assert "memory_mb: 24}" in file.read_text() and "# the box" in file.read_text()

    thawed = cluster.cli("thaw", "fight/web")
    assert thawed.stdout == "fight/web: thawed\n", thawed.stderr
    wait_until(lambda: client_limit() == 32, what="the limit to be set back")
    cluster.wait_in_sync()

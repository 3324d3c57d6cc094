"""What the Engine is asked for: a component's fields, each where the Engine wants it."""

import re

import pytest

from agent.engine.body import business_network, container_body, endpoint
from reconciler.manifest.model import (
    Device,
    Healthcheck,
    HttpProbe,
    Logging,
    Mount,
    Port,
    Resources,
    TcpProbe,
    Ulimit,
)
from tests.agent.engine.parts import component, deploy


def body(**fields: object) -> dict[str, object]:
    return container_body(deploy(**fields), "image:1", {}, "1.41", "json-file")


def host(**fields: object) -> dict[str, object]:
    return body(**fields)["HostConfig"]  # type: ignore[return-value]


def test_limits_are_hard_limits_and_zero_is_none() -> None:
    limited = host(resource_requirements=Resources(cpu_cores=0.5, memory_mb=64))
    assert (limited["CpuQuota"] / limited["CpuPeriod"], limited["Memory"]) == (0.5, 64 * 1024 * 1024)
    free = host()
    assert (free["CpuQuota"], free["CpuPeriod"], free["Memory"]) == (0, 0, 0)


def test_promised_gpus_are_given_by_index() -> None:
    wanted = host(resource_requirements=Resources(gpu=True, gpu_count=2), gpu_devices=(1, 3))
    assert wanted["DeviceRequests"] == [{"DeviceIDs": ["1", "3"], "Capabilities": [["gpu"]]}]


def test_a_gpu_that_nobody_chose_is_any_gpu() -> None:
    assert host(resource_requirements=Resources(gpu=True))["DeviceRequests"] == [
        {"Count": -1, "Capabilities": [["gpu"]]}
    ]
    assert host()["DeviceRequests"] == []


def test_a_port_may_be_published_several_times_or_anywhere() -> None:
    ports = (
        Port(target=80, published=8080, host_ip="127.0.0.1"),
        Port(target=80, published=8081),
        Port(target=53, protocol="udp"),
    )
    assert host(ports=ports)["PortBindings"] == {
        "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}, {"HostIp": "", "HostPort": "8081"}],
        "53/udp": [{"HostIp": "", "HostPort": ""}],
    }


def test_mounts_of_every_kind() -> None:
    volumes = (
        Mount(type="bind", source="/srv/x", target="/x", read_only=True),
        Mount(type="volume", source="data", target="/data"),
        Mount(type="volume", target="/scratch"),
        Mount(type="tmpfs", target="/fast", size=1024),
    )
    wanted = body(volumes=volumes, tmpfs=("/run", "/tmp:mode=1777"))
    config = wanted["HostConfig"]
    assert isinstance(config, dict)
    assert config["Binds"] == ["/srv/x:/x:ro", "data:/data:rw"]
    assert config["Tmpfs"] == {"/run": "", "/tmp": "mode=1777", "/fast": "size=1024"}
    assert wanted["Volumes"] == {"/scratch": {}}


def test_restart_policies() -> None:
    assert host(restart="on-failure:3")["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    assert host(restart="no")["RestartPolicy"] == {"Name": "no", "MaximumRetryCount": 0}


def test_the_rest_passes_through() -> None:
    wanted = host(
        init=True,
        shm_size=1024,
        pids_limit=10,
        runtime="runc",
        logging=Logging(driver="json-file", options={"max-size": "1m"}),
        ulimits={"nofile": Ulimit(soft=10, hard=20)},
        devices=(Device(source="/dev/fuse", target="/dev/fuse", permissions="rw"),),
    )
    assert (wanted["Init"], wanted["ShmSize"], wanted["PidsLimit"], wanted["Runtime"]) == (True, 1024, 10, "runc")
    assert wanted["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "1m"}}
    assert wanted["Ulimits"] == [{"Name": "nofile", "Soft": 10, "Hard": 20}]
    assert wanted["Devices"] == [{"PathOnHost": "/dev/fuse", "PathInContainer": "/dev/fuse", "CgroupPermissions": "rw"}]


def test_an_older_engine_is_not_asked_for_what_it_does_not_know() -> None:
    check = Healthcheck(test=("CMD", "true"), interval=1.5, start_interval=0.5)
    older = container_body(deploy(healthcheck=check), "image:1", {}, "1.41", "journald")["Healthcheck"]
    newer = container_body(deploy(healthcheck=check), "image:1", {}, "1.44", "journald")["Healthcheck"]
    assert older["Interval"] == 1_500_000_000 and "StartInterval" not in older
    assert newer["StartInterval"] == 500_000_000


def test_components_that_say_nothing_join_their_business_s_network() -> None:
    assert host()["NetworkMode"] == "reconciler-shop"
    assert body()["NetworkingConfig"] == {"EndpointsConfig": {"reconciler-shop": {"Aliases": ["web"]}}}


def test_components_that_name_networks_or_a_mode_join_no_other_one() -> None:
    assert host(networks=("front", "back"))["NetworkMode"] == "front"
    assert list(body(networks=("front", "back"))["NetworkingConfig"]["EndpointsConfig"]) == ["front"]  # type: ignore[index]
    assert host(network_mode="host")["NetworkMode"] == "host"
    assert body(network_mode="host")["NetworkingConfig"] == {"EndpointsConfig": {}}


@pytest.mark.parametrize(
    ("component_id", "aliases"),
    [("web", ["web"]), ("my_db.1", ["my_db.1", "my-db-1"]), ("Web", ["Web", "web"]), ("_", ["_"])],
)
def test_an_instance_is_known_by_its_component_id_also_as_a_host_name(component_id: str, aliases: list[str]) -> None:
    assert endpoint(component(component_id)) == {"Aliases": aliases}


def test_names_of_business_networks_can_be_names_and_differ() -> None:
    assert business_network("shop.eu_1") == "reconciler-shop.eu_1"
    assert re.fullmatch(r"reconciler-a_b-[0-9a-f]{8}", business_network("a b"))
    assert business_network("a b") != business_network("a/b")
    longest = business_network("x" * 63)
    assert len(longest) == 69 and longest != business_network("x" * 62)


@pytest.mark.parametrize("check", [Healthcheck(http=HttpProbe(port=80)), Healthcheck(tcp=TcpProbe(port=80))])
def test_a_probe_of_ours_replaces_the_image_s_own_check(check: Healthcheck) -> None:
    assert body(healthcheck=check)["Healthcheck"] == {"Test": ["NONE"]}


@pytest.mark.parametrize(
    ("driver", "logging", "expected"),
    [
        ("json-file", None, {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}),
        ("local", None, None),
        ("journald", None, None),
        ("json-file", Logging(driver="syslog"), {"Type": "syslog", "Config": {}}),
        ("json-file", Logging(driver="json-file"), {"Type": "json-file", "Config": {}}),
    ],
)
def test_logs_have_limits_where_the_engine_s_driver_has_none(
    driver: str, logging: Logging | None, expected: dict[str, object] | None
) -> None:
    made = container_body(deploy(logging=logging), "image:1", {}, "1.41", driver)
    assert made["HostConfig"].get("LogConfig") == expected

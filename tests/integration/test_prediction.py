"""What a plan says is what happens: many predicted actions against what nodes then really run."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest

from tests.support.cluster import Cluster, business, docker_component, program
from tests.support.effort import rounds
from tests.support.processes import PROJECT, free_port

pytestmark = pytest.mark.slow

SEED = 11
BUSINESSES = ("shop", "blog", "mail")
GPUS = 6
NVML = f"""
from types import SimpleNamespace
class NVMLError(Exception): pass
def nvmlInit(): pass
def nvmlDeviceGetCount(): return {GPUS}
def nvmlDeviceGetHandleByIndex(index): return index
def nvmlDeviceGetMemoryInfo(handle): return SimpleNamespace(total=2**33, used=0)
def nvmlDeviceGetName(handle): return "stand-in"
def nvmlDeviceGetUUID(handle): return f"GPU-{{handle}}"
def nvmlDeviceGetUtilizationRates(handle): return SimpleNamespace(gpu=0)
"""
Step = tuple[str, str, int, str]
"""What happens, to which component, of which number, on which node."""


def steps(actions: list[dict[str, Any]]) -> Counter[Step]:
    return Counter((item["kind"], item["component_id"], item["instance"], item["node_id"]) for item in actions)


def carried_out(cluster: Cluster, spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Have a plan made for this spec and saved, apply it, and hold what was done against it; the plan's actions."""
    saved = cluster.request("POST", "/api/plans", json={"businesses": [spec]})
    assert saved.status_code == 200, saved.text
    predicted: list[dict[str, Any]] = saved.json()["document"]["actions"]
    newest = max((event["id"] for event in cluster.get("/api/events")), default=0)
    applied = cluster.request("POST", "/api/plans/apply", json=saved.json() | {"businesses": [spec]})
    assert applied.ok, applied.text
    cluster.wait_in_sync()
    events = cluster.get(f"/api/events?after={newest}&limit=1000&business={spec['business_id']}")
    done = [event for event in events if event["kind"] in ("create", "update", "stop")]
    assert steps(done) == steps(predicted), [event["message"] for event in done]
    return predicted


@pytest.mark.docker
def test_containers_come_up_where_and_as_the_plan_said(
    empty: Cluster, client: docker.DockerClient, nodes: list[str]
) -> None:
    empty.start_manager()
    for node_id in nodes:
        empty.start_agent(node_id)
        empty.wait_node(node_id)
    chance, ports, total = random.Random(SEED), [free_port() for _ in range(4)], 0
    for turn in range(rounds(8, 200)):
        spec = _docker_spec(chance, chance.choice(BUSINESSES), nodes, ports, turn)
        predicted = carried_out(empty, spec)
        total += len(predicted)
        for action in predicted:
            assert _matches(client, action), action
    assert total >= 50, "the series was long enough to mean something"


def _docker_spec(chance: random.Random, name: str, nodes: list[str], ports: list[int], turn: int) -> dict[str, Any]:
    parts = []
    for component_id in ("web", "db", "job", "api", "cron"):
        more: dict[str, Any] = {"replicas": chance.randint(0, 3), "environment_variables": {"TURN": str(turn // 3)}}
        more["resource_requirements"] = {"cpu_cores": 0.01, "memory_mb": chance.choice([8, 16])}
        more["update"] = {"parallelism": 0, "monitor": "0s"}
        if component_id == "db":
            # Both nodes are this machine, so what has a port stays where it is.
            more |= {"replicas": 1, "ports": [f"127.0.0.1:{ports[BUSINESSES.index(name)]}:80"]}
        elif chance.random() < 0.3:
            more["affinity"] = {"node_id": chance.choice(nodes)}
        parts.append(docker_component(component_id, **more))
    return business(name, parts)


def _matches(client: docker.DockerClient, action: dict[str, Any]) -> bool:
    """Whether the container of an action is there on its node, with its digest and ports; or gone, after a stop."""
    marks = [f"reconciler.{name}={action[name]}" for name in ("business_id", "component_id", "instance", "node_id")]
    found = client.containers.list(ignore_removed=True, filters={"label": marks})
    if action["kind"] == "stop":
        return not found
    bound = {
        f"{binding['HostIp']}:{binding['HostPort']}/{port.partition('/')[2]}"
        for container in found
        for port, bindings in (container.attrs["HostConfig"]["PortBindings"] or {}).items()
        for binding in bindings
    }
    return len(found) == 1 and bound == set(action["host_ports"])


@pytest.fixture
def gpus(tmp_path: Path) -> Iterator[Cluster]:
    """Two nodes of six devices, played by a stand-in for the driver; programs see what they are promised."""
    (tmp_path / "nvml").mkdir()
    (tmp_path / "nvml" / "pynvml.py").write_text(NVML)
    made = Cluster(tmp_path / "gpus", processes=True)
    made.start_manager()
    for node_id in ("east", "west"):
        made.start_agent(node_id, runtime="process", env={"PYTHONPATH": f"{tmp_path / 'nvml'}:{PROJECT}"})
        made.wait_node(node_id)
    yield made
    made.end_all()


def test_programs_get_the_devices_that_the_plan_said(gpus: Cluster) -> None:
    chance, total = random.Random(SEED), 0
    for turn in range(rounds(20, 500)):
        parts = [
            program(
                name,
                chance.choice(["east", "west"]),
                "exec sleep 600",
                replicas=chance.randint(0, 2),
                resource_requirements={"gpu_count": chance.randint(1, 2)},
                environment_variables={"TURN": str(turn // 2), "ME": f"{name}"},
                update={"parallelism": 0, "monitor": "0s"},
            )
            for name in ("train", "serve")
        ]
        predicted = carried_out(gpus, business("ai", parts))
        total += len(predicted)
        devices = {
            (item["component_id"], item["instance"]): ",".join(map(str, item["gpu_devices"]))
            for item in predicted
            if item["kind"] != "stop"
        }
        seen = _visible_devices(gpus)
        assert {key: seen[key] for key in devices} == devices
    assert total >= 40, "the series was long enough to mean something"


def _visible_devices(cluster: Cluster) -> dict[tuple[str, int], str]:
    """What each running program of the cluster finds in CUDA_VISIBLE_DEVICES, as the kernel has its environment."""
    found = {}
    for item in cluster.components("ai"):
        if item["container_id"]:
            marks = {"RECONCILER_INSTANCE": item["container_id"]}
            (own,) = [
                process.environ() for process in psutil.process_iter() if marks.items() <= _environment(process).items()
            ]
            found[item["component_id"], item["instance"]] = own["CUDA_VISIBLE_DEVICES"]
    return found


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}

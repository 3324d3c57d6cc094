"""From a change to running containers, beside the raw Engine doing the same in the same round.

`python -m benchmarks.deploy [ROUNDS]` starts a manager and an agent, and measures for 1 and 20 containers: raw parallel
creates and starts through the Engine's API (the floor), POST to running, and saved file to running. Running means that
the Engine says so, seen from outside.
"""

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import yaml

from tests.support.cluster import Cluster, business, docker_component
from tests.support.engine import engine, remove_containers
from tests.support.images import busybox_image

NODE = "bench"
COUNTS = (1, 20)
PARALLEL = 8
NETWORK = "reconciler-bench"


def timed(client: docker.DockerClient, label: str, count: int, act: Callable[[], None]) -> float:
    """Seconds from `act` until `count` containers with this label have started, by the Engine's own events."""
    events = client.api.events(decode=True, filters={"label": label, "type": "container", "event": "start"})
    done = threading.Event()

    def listen() -> None:
        for number, _ in enumerate(events, 1):
            if number == count:
                done.set()
                return

    threading.Thread(target=listen, daemon=True).start()
    began = time.perf_counter()
    act()
    assert done.wait(120), "the containers did not start"
    seconds = time.perf_counter() - began
    events.close()
    return seconds


def raw(client: docker.DockerClient, count: int) -> float:
    """The floor: the same image, command, limits and network, in parallel."""
    component = docker_component("raw")

    def one(_: int) -> None:
        made = client.api.create_container(
            component["image_name"],
            component["command"],
            labels={"reconciler-bench": "raw"},
            host_config=client.api.create_host_config(
                mem_limit="16m", nano_cpus=20_000_000, restart_policy={"Name": "always"}, network_mode=NETWORK
            ),
        )
        client.api.start(made["Id"])

    def act() -> None:
        client.api.create_network(NETWORK, driver="bridge")
        with ThreadPoolExecutor(PARALLEL) as threads:
            list(threads.map(one, range(count)))

    try:
        return timed(client, "reconciler-bench=raw", count, act)
    finally:
        for container in client.containers.list(
            all=True, ignore_removed=True, filters={"label": "reconciler-bench=raw"}
        ):
            container.remove(force=True)
        client.api.remove_network(NETWORK)


def ours(cluster: Cluster, client: docker.DockerClient, count: int, way: str) -> float:
    """The same through us, by `post` or `file`."""
    spec = business(way, [docker_component("c", replicas=count, stop_grace_period="0s")])
    file = cluster.desired / f"{way}.yaml"
    text = yaml.safe_dump(spec)

    def act() -> None:
        if way == "post":
            cluster.post(spec)
        else:
            file.write_text(text)

    seconds = timed(client, f"reconciler.node_id={NODE}", count, act)
    cluster.wait_status(way, "running")
    if way == "post":
        cluster.delete(way)
    else:
        file.unlink()
        cluster.request("POST", "/api/sync", json={"prune": True})
    cluster.wait_gone(way)
    while client.containers.list(all=True, ignore_removed=True, filters={"label": f"reconciler.node_id={NODE}"}):
        time.sleep(0.05)
    return seconds


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    client = engine()
    busybox_image(client)
    with tempfile.TemporaryDirectory() as root:
        cluster = Cluster(Path(root) / "cluster", processes=True)
        try:
            cluster.start_manager("--most-stops", "1000000")
            cluster.start_agent(NODE)
            cluster.wait_node(NODE)
            for count in COUNTS:
                rows: dict[str, list[float]] = {"floor": [], "post": [], "file": []}
                for _ in range(rounds):
                    rows["floor"].append(raw(client, count))
                    rows["post"].append(ours(cluster, client, count, "post"))
                    rows["file"].append(ours(cluster, client, count, "file"))
                floor = statistics.median(rows["floor"])
                for name, seconds in rows.items():
                    median = statistics.median(seconds)
                    print(
                        f"{count:>3} containers  {name:<6} {median:7.3f} s  {median / floor:5.2f}x  "
                        f"{median - floor:+.3f} s   raw: {' '.join(f'{value:.3f}' for value in seconds)}"
                    )
        finally:
            cluster.close()
            remove_containers(client, NODE)


if __name__ == "__main__":
    main()

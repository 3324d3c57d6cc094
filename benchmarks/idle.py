"""What a manager and an agent cost at rest: resident memory and CPU over 30 seconds, with five containers running.

`python -m benchmarks.idle [SECONDS]`
"""

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from tests.support.cluster import Cluster, business, docker_component
from tests.support.engine import engine, remove_containers
from tests.support.images import busybox_image

NODE = "bench-idle"


def cost(processes: Mapping[str, psutil.Process], seconds: float) -> str:
    """A line for each process: its memory, and the CPU it used over this time, that of its ended children apart."""
    before = {name: process.cpu_times() for name, process in processes.items()}
    time.sleep(seconds)
    lines = []
    for name, process in processes.items():
        used = [100 * (now - then) / seconds for now, then in zip(process.cpu_times(), before[name], strict=True)]
        resident = process.memory_info().rss / 2**20
        lines.append(
            f"{name:<8} {resident:6.1f} MB resident   {sum(used[:2]):5.2f} % CPU over {seconds:g} s, "
            f"{sum(used[2:4]):.2f} % in programs it called"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    client = engine()
    busybox_image(client)
    with tempfile.TemporaryDirectory() as root:
        cluster = Cluster(Path(root) / "cluster", processes=True)
        try:
            cluster.start_manager()
            cluster.start_agent(NODE, "--heartbeat", "5")
            cluster.wait_node(NODE)
            cluster.post(business("idle", [docker_component("c", replicas=5)]))
            cluster.wait_in_sync()
            assert cluster.manager is not None
            time.sleep(5)
            children = {"manager": cluster.manager, "agent": cluster.agents[NODE]}
            processes = {name: psutil.Process(child.process.pid) for name, child in children.items()}
            print(cost(processes, seconds))
        finally:
            cluster.close()
            remove_containers(client, NODE)


if __name__ == "__main__":
    main()

"""What a manager and an agent cost at rest: resident memory and CPU over 30 seconds, with five containers running.

`python -m benchmarks.idle [SECONDS]`
"""

import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.support.cluster import Cluster, business, docker_component
from tests.support.engine import engine, remove_containers
from tests.support.images import busybox_image

NODE = "bench-idle"


def main() -> None:
    """Measure and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    client = engine()
    busybox_image(client)
    with tempfile.TemporaryDirectory() as root:
        cluster = Cluster(Path(root) / "cluster")
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
            before = {name: sum(process.cpu_times()[:2]) for name, process in processes.items()}
            time.sleep(seconds)
            for name, process in processes.items():
                used = sum(process.cpu_times()[:2]) - before[name]
                resident = process.memory_info().rss / 2**20
                print(f"{name:<8} {resident:6.1f} MB resident   {100 * used / seconds:5.2f} % CPU over {seconds:g} s")
        finally:
            cluster.close()
            remove_containers(client, NODE)


if __name__ == "__main__":
    main()

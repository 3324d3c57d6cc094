"""How much CPU time the planner takes, and how much memory: `python -m benchmarks.planner`.

For each size and each situation a process of its own builds a fleet and plans once, so that the peak of one leaves no
trace in another. Situations: `cold` (nothing runs yet), `at rest` (all runs, nothing to do) and `one node lost`. Every
hundredth node has GPUs; components differ in size, some are spread or bound to a label.
"""

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from dataclasses import replace

from reconciler.manifest.model import Affinity, Business, Component, Resources
from reconciler.plan.model.desired import Desired, DesiredBusiness
from reconciler.plan.model.observed import Node, Observed
from reconciler.plan.model.plan import Plan
from reconciler.plan.proof.simulate import applied
from reconciler.plan.reconcile.planner import plan
from reconciler.wire.reports import Gpu

SIZES = (1_000, 10_000, 100_000)
NODES = 5_000
SITUATIONS = ("cold", "at rest", "one node lost")
NOW = 1_000_000.0
PER_BUSINESS = 20
"""Instances of a business: five components of four replicas."""


def fleet(count: int) -> dict[str, Node]:
    """Nodes of 16 to 64 cores in three zones, a hundredth of them with GPUs."""
    nodes = {}
    for number in range(count):
        size = 1 + number % 3 + number % 2
        gpus = tuple(Gpu(index=index, memory_mb=24_576) for index in range(4)) if number % 100 == 0 else ()
        labels = {"zone": f"zone-{number % 3}", "disk": "ssd" if number % 4 == 0 else "hdd"}
        node_id = f"node-{number:05}"
        nodes[node_id] = Node(node_id, 16 * size, 65_536 * size, labels=labels, gpus=gpus, last_seen=NOW)
    return nodes


def desired(instances: int) -> Desired:
    """Businesses of five components with four replicas each."""
    shapes = (
        (Resources(cpu_cores=0.5, memory_mb=512), Affinity()),
        (Resources(cpu_cores=1, memory_mb=1024), Affinity(node_labels={"disk": "ssd"})),
        (Resources(cpu_cores=0.25, memory_mb=256), Affinity(spread_by="zone")),
        (Resources(cpu_cores=2, memory_mb=4096), Affinity()),
        (Resources(memory_mb=128), Affinity()),
    )
    businesses = {}
    for number in range(instances // PER_BUSINESS):
        components = tuple(
            Component(
                component_id=f"part-{part}",
                component_name=f"Part {part}",
                image_name=f"app-{part}:1",
                resource_requirements=resources,
                environment_variables={"BUSINESS": str(number), "PART": str(part)},
                affinity=affinity,
                replicas=PER_BUSINESS // len(shapes),
            )
            for part, (resources, affinity) in enumerate(shapes)
        )
        business_id = f"business-{number:05}"
        businesses[business_id] = DesiredBusiness(
            Business(business_id=business_id, business_name=business_id, components=components)
        )
    return Desired(businesses)


def situation(name: str, wanted: Desired, nodes: dict[str, Node]) -> Observed:
    """The observation in which the plan is measured."""
    observed = Observed(nodes)
    if name == "cold":
        return observed
    observed = applied(plan(wanted, observed, now=NOW), observed)
    if name == "one node lost":
        lost = observed.allocations[len(observed.allocations) // 2].node_id
        observed = replace(observed, nodes={**nodes, lost: replace(nodes[lost], last_seen=NOW - 3600)})
    return observed


def measure(instances: int, node_count: int, name: str) -> dict[str, object]:
    """Plan once in this process. Peak memory (MiB) is of the whole process, and before of it until the plan began."""
    wanted = desired(instances)
    observed = situation(name, wanted, fleet(node_count))
    before = peak_mb()
    start = time.process_time()
    result: Plan = plan(wanted, observed, now=NOW)
    seconds = time.process_time() - start
    return {
        "instances": instances,
        "nodes": node_count,
        "situation": name,
        "cpu_seconds": round(seconds, 4),
        "peak_mb": round(peak_mb(), 1),
        "peak_before_mb": round(before, 1),
        "actions": len(result.actions),
        "pending": len(result.pending),
    }


def peak_mb() -> float:
    """The most memory this process has had so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024) if sys.platform == "darwin" else peak / 1024


def in_child(instances: int, node_count: int, name: str) -> dict[str, object]:
    """`measure` in a fresh process. Raises subprocess.CalledProcessError when it fails."""
    command = [sys.executable, "-m", "benchmarks.planner", "--one", str(instances), str(node_count), name]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    measured: dict[str, object] = json.loads(output)
    return measured


def main() -> None:
    """Measure every size in every situation; print a table, then the raw results as JSON lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planner", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N", help="instances")
    parser.add_argument("--nodes", type=int, default=NODES, metavar="N", help="nodes")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(int(given.one[0]), int(given.one[1]), given.one[2])))
        return
    print(f"Python {platform.python_version()}, {platform.machine()}, {given.nodes:,} nodes\n")
    print("| instances | situation | CPU seconds | peak memory | actions | pending |")
    print("|---:|---|---:|---:|---:|---:|")
    results = []
    for instances in given.sizes:
        for name in SITUATIONS:
            found = in_child(instances, given.nodes, name)
            results.append(found)
            print(
                f"| {instances:,} | {name} | {found['cpu_seconds']:.3f} | {found['peak_mb']:.0f} MiB "
                f"| {found['actions']:,} | {found['pending']:,} |",
                flush=True,
            )
    print("\nRaw results:\n")
    for found in results:
        print(json.dumps(found))


if __name__ == "__main__":
    main()

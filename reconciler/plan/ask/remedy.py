"""The smallest change that would make an instance fit, for people: of the node that lacks the least."""

from collections.abc import Callable, Collection, Iterator

from reconciler.plan.model.reasons import Reason
from reconciler.plan.schedule.fleet import Fleet
from reconciler.plan.schedule.shape import MILLI, Shape

NO_NODE = "register a node: start an agent with --manager"


def remedy(shape: Shape, fleet: Fleet, nodes: Collection[str], obstacles: Callable[[str], Collection[Reason]]) -> str:
    """Say what to change on one of these nodes, which have the fewest obstacles; `obstacles` are those of a node."""
    if not nodes:
        return NO_NODE
    row = min((fleet.row[node] for node in nodes), key=lambda row: (_lack(shape, fleet, row), row))
    node_id = fleet.nodes[row].node_id
    steps = [step for find in STEPS for step in find(shape, fleet, row)]
    steps = steps or [f"see to: {'; '.join(map(str, obstacles(node_id)))}"]
    return f"on {node_id}: {'; '.join(steps)}"


def _lack(shape: Shape, fleet: Fleet, row: int) -> float:
    """How much of what it asks for a node lacks, as a share of what it asks for."""
    cpu = max(shape.cpu_milli - int(fleet.cpu_free[row]), 0) / max(shape.cpu_milli, 1)
    memory = max(shape.memory_mb - int(fleet.memory_free[row]), 0) / max(shape.memory_mb, 1)
    return cpu + memory


def _cpu(shape: Shape, fleet: Fleet, row: int) -> Iterator[str]:
    if shape.cpu_milli > fleet.cpu_free[row]:
        free = max(int(fleet.cpu_free[row]), 0) / MILLI
        yield f"lower cpu_cores from {shape.cpu_milli / MILLI:g} to {free:g}, or free as much there"


def _memory(shape: Shape, fleet: Fleet, row: int) -> Iterator[str]:
    if shape.memory_mb > fleet.memory_free[row]:
        free_mb = max(int(fleet.memory_free[row]), 0)
        yield (f"lower memory_mb from {shape.memory_mb} to {free_mb}, or free {shape.memory_mb - free_mb} MB there")


def _gpus(shape: Shape, fleet: Fleet, row: int) -> Iterator[str]:
    free = len(fleet.free_gpus(row, shape.gpu_memory_mb)) if shape.gpu_count else 0
    if free < shape.gpu_count:
        yield f"free a GPU there, or ask for {free}"


def _disk(shape: Shape, fleet: Fleet, row: int) -> Iterator[str]:
    if shape.image and not fleet.stock.suffices(shape.image)[row]:
        yield f"free disk for {shape.image} there"


def _ports(shape: Shape, fleet: Fleet, row: int) -> Iterator[str]:
    taken = fleet.taken_ports(row, shape)
    if taken:
        yield f"publish another host port than {', '.join(taken)}"


def _labels(shape: Shape, fleet: Fleet, row: int) -> Iterator[str]:
    labels = fleet.nodes[row].labels
    missing = [f"{name}={value}" for name, value in shape.constraint.labels if labels.get(name) != value]
    if missing:
        options = " ".join(f"--label {label}" for label in missing)
        yield f"start its agent with {options}, or drop that from affinity.node_labels"


STEPS = (_cpu, _memory, _gpus, _disk, _ports, _labels)
"""What may be lacking, and what is to be done about it."""

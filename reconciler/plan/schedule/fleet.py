"""The fleet as arrays: what every node has, what of it is reserved, and what is free.

This is the scheduler's working table. Rows are nodes in the order of their ids; columns are numpy arrays, so that
one filter looks at 5,000 nodes at once. It is built for one plan and changes as that plan reserves and releases.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from reconciler.manifest.host_ports import claimed, conflicting
from reconciler.plan.model.observed import Node, NodeHealth, Observed
from reconciler.plan.model.policy import Policy
from reconciler.plan.schedule.images import ImageStock
from reconciler.plan.schedule.node_health import node_health
from reconciler.plan.schedule.shape import Constraint, Shape, mebibytes, milli
from reconciler.wire.messages import Reservation

MEASURED_STEPS = 10
"""Measured load is rounded to this many steps, so that noise does not change a plan between two looks at it."""


class Fleet:
    """The nodes of one observation, by row number."""

    def __init__(self, observed: Observed, policy: Policy, now: float) -> None:
        self.nodes: list[Node] = [observed.nodes[node_id] for node_id in sorted(observed.nodes)]
        self.row: dict[str, int] = {node.node_id: row for row, node in enumerate(self.nodes)}
        self.node_health: list[NodeHealth] = [node_health(node, policy, now) for node in self.nodes]
        size = len(self.nodes)
        self.open = np.array(
            [
                alive is NodeHealth.READY and not (node.cordoned or node.draining or node.flapping_until > now)
                for node, alive in zip(self.nodes, self.node_health, strict=True)
            ],
            dtype=bool,
        )
        self.cpu_total = np.array([milli(node.cpu_cores) for node in self.nodes], dtype=np.int64)
        self.memory_total = np.array([mebibytes(node.memory_mb) for node in self.nodes], dtype=np.int64)
        self.cpu_free = self.cpu_total.copy()
        self.memory_free = self.memory_total.copy()
        self.instances = np.zeros(size, dtype=np.int64)
        self.has_gpu = np.array([bool(node.gpus) for node in self.nodes], dtype=bool)
        self.measured = np.array([_measured(node) for node in self.nodes], dtype=np.float64)
        self.gpu_free: list[dict[int, int]] = [{gpu.index: gpu.memory_mb for gpu in node.gpus} for node in self.nodes]
        self.stock = ImageStock(self.nodes)
        self._port_rows: dict[str, Counter[int]] = defaultdict(Counter)
        self._gpu_holders: list[Counter[int]] = [Counter() for _ in self.nodes]
        self._admitting: dict[Constraint, np.ndarray] = {}
        self._zones: dict[str, tuple[list[str], np.ndarray]] = {}
        self._peers: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)

    def reserve(self, row: int, reservation: Reservation) -> None:
        """Take this reservation off what is free on the node."""
        self.cpu_free[row] -= milli(reservation.cpu_cores)
        self.memory_free[row] -= mebibytes(reservation.memory_mb)
        self.instances[row] += 1
        for device in reservation.gpu_devices:
            self._gpu_holders[row][device] += 1
            self.gpu_free[row].pop(device, None)
        for claim in _claims(reservation):
            self._port_rows[claim][row] += 1

    def release(self, row: int, reservation: Reservation) -> None:
        """Free the reservation: the instance that had it goes, or is replaced."""
        self.cpu_free[row] += milli(reservation.cpu_cores)
        self.memory_free[row] += mebibytes(reservation.memory_mb)
        self.instances[row] -= 1
        memory = {gpu.index: gpu.memory_mb for gpu in self.nodes[row].gpus}
        for device in reservation.gpu_devices:
            self._gpu_holders[row][device] -= 1
            if device in memory and not self._gpu_holders[row][device]:
                self.gpu_free[row][device] = memory[device]
        for claim in _claims(reservation):
            self._port_rows[claim][row] -= 1
            if not self._port_rows[claim][row]:
                del self._port_rows[claim][row]

    def add_peer(self, business_id: str, component_id: str, row: int, count: int = 1) -> None:
        """Note that the node runs `count` more (or fewer) instances of this component."""
        rows = self._peers[(business_id, component_id)]
        rows[row] = rows.get(row, 0) + count

    def peers(self, business_id: str, component_id: str) -> dict[int, int]:
        """How many instances of the component each row has."""
        return {row: count for row, count in self._peers.get((business_id, component_id), {}).items() if count > 0}

    def admits(self, constraint: Constraint) -> np.ndarray:
        """Which rows meet the constraint, whatever room they have."""
        mask = self._admitting.get(constraint)
        if mask is None:
            candidates = range(len(self.nodes))
            if constraint.node_id:
                row = self.row.get(constraint.node_id)
                candidates = range(0) if row is None else range(row, row + 1)
            mask = np.zeros(len(self.nodes), dtype=bool)
            for row in candidates:
                mask[row] = meets(self.nodes[row], constraint)
            self._admitting[constraint] = mask
        return mask

    def zones(self, label: str) -> tuple[list[str], np.ndarray]:
        """The label's values, sorted, and for each row which of them it has; a node without the label has ""."""
        found = self._zones.get(label)
        if found is None:
            values = [node.labels.get(label, "") for node in self.nodes]
            names = sorted(set(values))
            number = {name: index for index, name in enumerate(names)}
            found = names, np.array([number[value] for value in values], dtype=np.int64)
            self._zones[label] = found
        return found

    def free_gpus(self, row: int, memory_mb: int) -> list[int]:
        """The free devices of the node that have at least this much memory (MiB), lowest index first."""
        return sorted(device for device, memory in self.gpu_free[row].items() if memory >= memory_mb)

    def rows_without(self, port: str) -> set[int]:
        """The rows where this host port is taken, by itself or by one that is in its way."""
        return {row for name in conflicting(port) for row in self._port_rows.get(name, ())}

    def taken_ports(self, row: int, shape: Shape) -> tuple[str, ...]:
        """The host ports of the shape that are taken on the node."""
        return tuple(
            port for port in shape.host_ports if any(row in self._port_rows.get(name, ()) for name in conflicting(port))
        )

    def fits(self, row: int, shape: Shape) -> bool:
        """Whether the node has the room, devices and ports for one instance of the shape."""
        return bool(
            (not shape.cpu_milli or self.cpu_free[row] >= shape.cpu_milli)
            and (not shape.memory_mb or self.memory_free[row] >= shape.memory_mb)
            and (not shape.gpu_count or len(self.free_gpus(row, shape.gpu_memory_mb)) >= shape.gpu_count)
            and not self.taken_ports(row, shape)
        )


def _claims(reservation: Reservation) -> Sequence[str]:
    ports = reservation.host_ports
    return [name for port in ports for name in claimed(port)] if ports else ()


def meets(node: Node, constraint: Constraint) -> bool:
    """Whether the node meets every part of the constraint; an empty runtime is met by every node."""
    return (not constraint.runtime or constraint.runtime in node.runtimes) and meets_but_runtime(node, constraint)


def meets_but_runtime(node: Node, constraint: Constraint) -> bool:
    """Whether the node meets every part of the constraint that is not about its runtimes."""
    return (
        (not constraint.require_gpu or bool(node.gpus))
        and (not constraint.labels or all(node.labels.get(name) == value for name, value in constraint.labels))
        and constraint.node_id in ("", node.node_id)
    )


def _measured(node: Node) -> float:
    """The measured load of a node, 0..1: the mean of CPU and memory in use, in steps."""
    memory = node.memory_used_mb / node.memory_mb if node.memory_mb else 1.0
    load = (node.cpu_percent / 100 + memory) / 2
    return round(min(max(load, 0.0), 1.0) * MEASURED_STEPS) / MEASURED_STEPS

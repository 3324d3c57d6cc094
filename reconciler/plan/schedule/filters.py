"""Why a node can't take an instance: each constraint checks all nodes at once, and explains its own refusals.

The order is the mission's: first what the node has to give, then what the component asks of it. The shape of a
filter (applies, check, explain) is Swarm's `manager/scheduler/filter.go`. Adding a constraint is adding a class
and its place in `FILTERS`.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from reconciler.plan.model.observed import NodeHealth
from reconciler.plan.model.obstacles import (
    AntiAffinity,
    CpuShort,
    DiskShort,
    GpuMissing,
    GpuShort,
    HostPortTaken,
    LabelUnmet,
    MemoryShort,
    NodeCordoned,
    NodeDraining,
    NodeFlapping,
    NodeNotReady,
    OtherNodeWanted,
    RuntimeMissing,
    SpreadLabelMissing,
)
from reconciler.plan.model.plan import Refusal
from reconciler.plan.model.reasons import Reason
from reconciler.plan.schedule.fleet import Fleet
from reconciler.plan.schedule.images import UNPACKING
from reconciler.plan.schedule.shape import Shape


class Filter(Protocol):
    """One constraint."""

    def applies(self, shape: Shape) -> bool:
        """Whether instances of this shape have the constraint at all."""

    def check(self, shape: Shape, fleet: Fleet) -> np.ndarray:
        """For each row whether the node meets it."""

    def explain(self, shape: Shape, fleet: Fleet, rows: np.ndarray) -> list[Refusal]:
        """Why these rows did not."""


class ReadyFilter:
    """New instances go to nodes that answer, are not cordoned, and do not come and go."""

    def applies(self, shape: Shape) -> bool:
        """Always."""
        return True

    def check(self, shape: Shape, fleet: Fleet) -> np.ndarray:
        """Ready, not cordoned, and steady."""
        return fleet.open

    def explain(self, shape: Shape, fleet: Fleet, rows: np.ndarray) -> list[Refusal]:
        """Lost, suspect, draining, cordoned, or back for too short a time."""

        def why(row: int) -> Reason:
            health = fleet.node_health[row]
            if health is not NodeHealth.READY:
                return NodeNotReady(health)
            if fleet.nodes[row].draining:
                return NodeDraining()
            return NodeCordoned() if fleet.nodes[row].cordoned else NodeFlapping()

        return _grouped(rows, why)


class CpuFilter:
    """CPU cores not reserved yet."""

    def applies(self, shape: Shape) -> bool:
        """When it asks for CPU."""
        return shape.cpu_milli > 0

    def check(self, shape: Shape, fleet: Fleet) -> np.ndarray:
        """Enough is free."""
        return fleet.cpu_free >= shape.cpu_milli

    def explain(self, shape: Shape, fleet: Fleet, rows: np.ndarray) -> list[Refusal]:
        """How much is needed and what the best node has."""
        best = max(int(fleet.cpu_free[rows].max()), 0)
        return [Refusal(len(rows), CpuShort(shape.cpu_milli, best))]


class MemoryFilter:
    """Memory not reserved yet."""

    def applies(self, shape: Shape) -> bool:
        """When it asks for memory."""
        return shape.memory_mb > 0

    def check(self, shape: Shape, fleet: Fleet) -> np.ndarray:
        """Enough is free."""
        return fleet.memory_free >= shape.memory_mb

    def explain(self, shape: Shape, fleet: Fleet, rows: np.ndarray) -> list[Refusal]:
        """How much is needed and what the best node has."""
        best = max(int(fleet.memory_free[rows].max()), 0)
        return [Refusal(len(rows), MemoryShort(shape.memory_mb, best))]


class GpuFilter:
    """Whole GPU devices not reserved yet, with enough memory."""

    def applies(self, shape: Shape) -> bool:
        """When it asks for devices."""
        return shape.gpu_count > 0

    def check(self, shape: Shape, fleet: Fleet) -> np.ndarray:
        """Enough devices are free."""
        mask = np.zeros(len(fleet.nodes), dtype=bool)
        for row in np.flatnonzero(fleet.has_gpu):
            mask[row] = len(fleet.free_gpus(int(row), shape.gpu_memory_mb)) >= shape.gpu_count
        return mask

    def explain(self, shape: Shape, fleet: Fleet, rows: np.ndarray) -> list[Refusal]:
        """No GPU at all, or not enough free."""
        having = [int(row) for row in rows if fleet.has_gpu[row]]
        refusals = []
        if having:
            best = max(len(fleet.free_gpus(row, shape.gpu_memory_mb)) for row in having)
            refusals.append(Refusal(len(having), GpuShort(shape.gpu_count, shape.gpu_memory_mb, best)))
        if len(having) < len(rows):
            refusals.append(Refusal(len(rows) - len(having), GpuShort(shape.gpu_count, shape.gpu_memory_mb, None)))
        return refusals


class HostPortFilter:
    """Host ports that no other instance on the node holds."""

    def applies(self, shape: Shape) -> bool:
        """When it publishes ports of its choice."""
        return bool(shape.host_ports)

    def check(self, shape: Shape, fleet: Fleet) -> np.ndarray:
        """All of its ports are free."""
        mask = np.ones(len(fleet.nodes), dtype=bool)
        for port in shape.host_ports:
            mask[list(fleet.rows_without(port))] = False
        return mask

    def explain(self, shape: Shape, fleet: Fleet, rows: np.ndarray) -> list[Refusal]:
        """Which ports are taken."""

        def why(row: int) -> Reason:
            return HostPortTaken(fleet.taken_ports(row, shape))

        return _grouped(rows, why)


class DiskFilter:
    """Disk for an image that the node has to fetch.

    Only where everything is known: an image whose size nobody can tell, or a node that does not say what is free, is
    no reason to refuse. Updates in place are not filtered: the old version runs on when the image can't be had.
    """

    def applies(self, shape: Shape) -> bool:
        """When it runs an image."""
        return bool(shape.image)

    def check(self, shape: Shape, fleet: Fleet) -> np.ndarray:
        """The image is there, or there is room for it packed and unpacked."""
        return fleet.stock.suffices(shape.image)

    def explain(self, shape: Shape, fleet: Fleet, rows: np.ndarray) -> list[Refusal]:
        """How much it needs and what the best node has."""
        size, best = fleet.stock.size_mb(shape.image) or 0, int(fleet.stock.disk_free()[rows].max())
        return [Refusal(len(rows), DiskShort(shape.image, size, UNPACKING * size, best))]


class ConstraintFilter:
    """The runtime, a GPU when required, labels, and the node by name."""

    def applies(self, shape: Shape) -> bool:
        """Always: every component needs a runtime."""
        return True

    def check(self, shape: Shape, fleet: Fleet) -> np.ndarray:
        """All parts are met."""
        return fleet.admits(shape.constraint)

    def explain(self, shape: Shape, fleet: Fleet, rows: np.ndarray) -> list[Refusal]:
        """The first part that is not."""
        wanted = shape.constraint

        def why(row: int) -> Reason:
            node = fleet.nodes[row]
            if wanted.node_id not in ("", node.node_id):
                return OtherNodeWanted(wanted.node_id)
            if wanted.runtime not in node.runtimes:
                return RuntimeMissing(wanted.runtime)
            for name, value in wanted.labels:
                if node.labels.get(name) != value:
                    return LabelUnmet(name, value, node.labels.get(name))
            return GpuMissing()

        return _grouped(rows, why)


class AntiAffinityFilter:
    """Nodes without the components this one must not share a node with."""

    def applies(self, shape: Shape) -> bool:
        """When it has an anti-affinity."""
        return bool(shape.apart_from)

    def check(self, shape: Shape, fleet: Fleet) -> np.ndarray:
        """None of them is there."""
        mask = np.ones(len(fleet.nodes), dtype=bool)
        if shape.peers:
            for component_id in shape.apart_from:
                mask[list(fleet.peers(shape.peers[0], component_id))] = False
        return mask

    def explain(self, shape: Shape, fleet: Fleet, rows: np.ndarray) -> list[Refusal]:
        """Which of them is."""
        return [Refusal(len(rows), AntiAffinity(shape.apart_from))]


class SpreadFilter:
    """Nodes that carry the label the replicas are spread over."""

    def applies(self, shape: Shape) -> bool:
        """When it is spread."""
        return bool(shape.spread_by)

    def check(self, shape: Shape, fleet: Fleet) -> np.ndarray:
        """The label is there."""
        names, zone_of = fleet.zones(shape.spread_by)
        return zone_of != names.index("") if "" in names else np.ones(len(fleet.nodes), dtype=bool)

    def explain(self, shape: Shape, fleet: Fleet, rows: np.ndarray) -> list[Refusal]:
        """It is not."""
        return [Refusal(len(rows), SpreadLabelMissing(shape.spread_by))]


FILTERS: tuple[Filter, ...] = (
    ReadyFilter(),
    CpuFilter(),
    MemoryFilter(),
    GpuFilter(),
    HostPortFilter(),
    DiskFilter(),
    ConstraintFilter(),
    AntiAffinityFilter(),
    SpreadFilter(),
)


def feasible(shape: Shape, fleet: Fleet) -> np.ndarray:
    """The rows that can take one instance of the shape now."""
    mask = np.ones(len(fleet.nodes), dtype=bool)
    for check in FILTERS:
        if check.applies(shape):
            mask &= check.check(shape, fleet)
    return np.flatnonzero(mask)


def refusals(shape: Shape, fleet: Fleet) -> tuple[Refusal, ...]:
    """Why each node can't take it: every node counted once, under the first filter it fails."""
    left = np.arange(len(fleet.nodes))
    found: list[Refusal] = []
    for check in FILTERS:
        if len(left) and check.applies(shape):
            met = check.check(shape, fleet)[left]
            if not met.all():
                found += check.explain(shape, fleet, left[~met])
            left = left[met]
    return tuple(found)


def _grouped(rows: np.ndarray, why: Callable[[int], Reason]) -> list[Refusal]:
    """The rows counted by their reason, most first."""
    counts: dict[Reason, int] = {}
    for row in rows:
        reason = why(int(row))
        counts[reason] = counts.get(reason, 0) + 1
    return [
        Refusal(count, reason) for reason, count in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    ]

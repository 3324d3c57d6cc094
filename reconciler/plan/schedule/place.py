"""Choosing nodes: balanced load among those that fit, the same choice every time.

Requests of one shape are placed together: one look at all nodes, then a heap of the best. A node only gets worse by
taking an instance, so for `k` requests the `k` best nodes are enough to start with. Big shapes go first, because
small ones fit into what is left. Ties go to the node whose id sorts first.

A node that has the image already is preferred to one that is otherwise about as good. Which nodes have it is taken as
it is when planning begins: an image that a plan brings somewhere draws no further replicas there.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from reconciler.plan.schedule.filters import feasible
from reconciler.plan.schedule.fleet import Fleet
from reconciler.plan.schedule.shape import MILLI, Shape
from reconciler.wire.messages import InstanceKey, Reservation

MEASURED_WEIGHT = 0.25
INSTANCE_WEIGHT = 0.001
GPU_PENALTY = 0.5
IMAGE_WEIGHT = 0.01
"""How much measured load, the number of instances, taking a GPU node without need, and fetching 1 GiB of image or more
count beside allocation. An image decides between nodes whose load differs by a hundredth at most."""

HEAVY_IMAGE_MB = 1024


@dataclass(frozen=True, slots=True)
class PlacementRequest:
    """An instance that needs a node."""

    key: InstanceKey
    shape: Shape


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a request goes: the fleet's row, and the GPU devices reserved for it."""

    row: int
    gpu_devices: tuple[int, ...] = ()


class ScoreParts(NamedTuple):
    """What a node's score is made of; the lowest sum wins.

    `reserved` is the share of CPU and memory that would be reserved, `measured` its load now, `instances` how many it
    has, `gpu` what it costs to take a GPU node without need, `image` what it costs to fetch the image.
    """

    reserved: float
    measured: float
    instances: float
    gpu: float
    image: float

    @property
    def total(self) -> float:
        """The score."""
        return self.reserved + self.measured + self.instances + self.gpu + self.image


def place(requests: Iterable[PlacementRequest], fleet: Fleet) -> dict[InstanceKey, Placement]:
    """Place what fits; the fleet then has the reservations. Keys that are missing in the result fit nowhere."""
    groups: dict[Shape, list[InstanceKey]] = defaultdict(list)
    for request in requests:
        groups[fleet.stock.weighed(request.shape)].append(request.key)
    placed: dict[InstanceKey, Placement] = {}
    for shape in sorted(groups, key=_big_first):
        keys = sorted(groups[shape])
        for key, row in zip(keys, _rows(shape, len(keys), fleet), strict=False):
            placed[key] = reserve(fleet, row, shape)
    return placed


def reserve(fleet: Fleet, row: int, shape: Shape, keep: Sequence[int] = ()) -> Placement:
    """Give one instance of the shape its share of a node that fits it; devices in `keep` are preferred."""
    assert fleet.fits(row, shape), f"rule 5: {fleet.nodes[row].node_id} would be reserved twice"
    free = fleet.free_gpus(row, shape.gpu_memory_mb) if shape.gpu_count else []
    devices = tuple(sorted(sorted(free, key=lambda device: device not in keep)[: shape.gpu_count]))
    fleet.reserve(row, holding(shape, devices))
    if shape.peers:
        fleet.add_peer(*shape.peers, row)
    fleet.stock.fetch(shape.image, row)
    return Placement(row, devices)


def holding(shape: Shape, devices: tuple[int, ...] = ()) -> Reservation:
    """What an instance of the shape holds of its node."""
    return Reservation(
        cpu_cores=shape.cpu_milli / MILLI,
        memory_mb=shape.memory_mb,
        gpu_devices=devices,
        host_ports=shape.host_ports,
    )


def _big_first(shape: Shape) -> tuple[int, int, int, Shape]:
    return (-shape.gpu_count, -shape.memory_mb, -shape.cpu_milli, shape)


def _rows(shape: Shape, count: int, fleet: Fleet) -> Iterator[int]:
    """The row for each of `count` requests, best first; ends early when nothing fits any more.

    The caller reserves on each row before it asks for the next.
    """
    rows = feasible(shape, fleet)
    if not len(rows):
        return
    scores = _scores(shape, fleet)[rows]
    zone_of = fleet.zones(shape.spread_by)[1] if shape.spread_by else np.zeros(len(fleet.nodes), dtype=np.int64)
    heaps: dict[int, list[tuple[float, int]]] = {}
    zones = zone_of[rows]
    for zone in np.flatnonzero(np.bincount(zones)).tolist():
        here = np.flatnonzero(zones == zone)
        best = here[_lowest(scores[here], count)]
        heaps[zone] = list(zip(scores[best].tolist(), rows[best].tolist(), strict=True))
    counts: Counter[int] = Counter()
    if shape.spread_by and shape.peers:
        for row, number in fleet.peers(*shape.peers).items():
            counts[int(zone_of[row])] += number
    alone = shape.peers is not None and shape.peers[1] in shape.apart_from
    while heaps:
        zone = min(heaps, key=lambda zone: (counts[zone], zone))
        _, row = heapq.heappop(heaps[zone])
        yield row
        counts[zone] += 1
        if not alone and fleet.fits(row, shape):
            heapq.heappush(heaps[zone], (score_parts(shape, fleet, row).total, row))
        if not heaps[zone]:
            del heaps[zone]


def _lowest(scores: np.ndarray, count: int) -> np.ndarray:
    """The positions of the `count` lowest scores, in order; of equal ones the first. Sorts no more than it has to."""
    if count >= len(scores):
        return np.argsort(scores, kind="stable")
    candidates = np.flatnonzero(scores <= np.partition(scores, count - 1)[count - 1])
    return candidates[np.argsort(scores[candidates], kind="stable")[:count]]


def _scores(shape: Shape, fleet: Fleet) -> np.ndarray:
    """How loaded each row would be with one more instance of the shape: lower is better."""
    cpu = (fleet.cpu_total - fleet.cpu_free + shape.cpu_milli) / np.maximum(fleet.cpu_total, 1)
    memory = (fleet.memory_total - fleet.memory_free + shape.memory_mb) / np.maximum(fleet.memory_total, 1)
    scores: np.ndarray = (cpu + memory) / 2 + MEASURED_WEIGHT * fleet.measured + INSTANCE_WEIGHT * fleet.instances
    if not shape.gpu_count and not shape.constraint.require_gpu:
        scores = scores + GPU_PENALTY * fleet.has_gpu
    cost = _image_cost(shape, fleet)
    return scores + cost * fleet.stock.absent(shape.image) if cost else scores


def score_parts(shape: Shape, fleet: Fleet, row: int) -> ScoreParts:
    """`_scores` of a single row, without the cost of arrays: the same operations in the same order."""
    cpu_total, memory_total = int(fleet.cpu_total[row]), int(fleet.memory_total[row])
    cpu = (cpu_total - int(fleet.cpu_free[row]) + shape.cpu_milli) / max(cpu_total, 1)
    memory = (memory_total - int(fleet.memory_free[row]) + shape.memory_mb) / max(memory_total, 1)
    without_need = not shape.gpu_count and not shape.constraint.require_gpu and bool(fleet.has_gpu[row])
    cost = _image_cost(shape, fleet)
    return ScoreParts(
        reserved=(cpu + memory) / 2,
        measured=MEASURED_WEIGHT * float(fleet.measured[row]),
        instances=INSTANCE_WEIGHT * int(fleet.instances[row]),
        gpu=GPU_PENALTY if without_need else 0.0,
        image=cost if cost and fleet.stock.absent(shape.image)[row] else 0.0,
    )


def _image_cost(shape: Shape, fleet: Fleet) -> float:
    """What it costs to fetch the image of the shape; nothing where no node can tell its size."""
    size = fleet.stock.size_mb(shape.image)
    return IMAGE_WEIGHT * min(size / HEAVY_IMAGE_MB, 1.0) if size else 0.0

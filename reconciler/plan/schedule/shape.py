"""The shape of an instance: all that decides where it fits. Instances of one shape are scheduled together."""

from dataclasses import dataclass

from reconciler.manifest.images import needed_image
from reconciler.manifest.model import Business, Component
from reconciler.wire.messages import Reservation, reservation_of

MILLI = 1000
"""CPU is counted in whole thousandths of a core, so that reservations add up exactly."""


MOST = 10**9
"""More cores, or MiB, than any machine has. What agents report is cut to this, so that sums stay within 64 bits."""


def milli(cores: float) -> int:
    """Cores as thousandths of a core, from 0 to `MOST` cores."""
    return round((cores if 0 <= cores <= MOST else min(max(cores, 0), MOST)) * MILLI)


def mebibytes(memory_mb: int) -> int:
    """MiB, from 0 to `MOST`."""
    return memory_mb if 0 <= memory_mb <= MOST else min(max(memory_mb, 0), MOST)


@dataclass(frozen=True, slots=True, order=True)
class Constraint:
    """What an instance asks of its node besides room: the runtime, a GPU, labels, a name."""

    runtime: str = "docker"
    require_gpu: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    node_id: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Shape:
    """What one instance needs: CPU in thousandths of a core, memory in MiB, GPUs, host ports, constraints.

    `apart_from` are the components of the business that must not share a node with this one. `peers` is (business
    id, component id) when it must be kept apart or spread, else None: such shapes are never shared between components.
    `image` is the full name of the image it runs, "" for none.
    """

    cpu_milli: int
    memory_mb: int
    gpu_count: int
    gpu_memory_mb: int
    host_ports: tuple[str, ...]
    constraint: Constraint
    spread_by: str = ""
    apart_from: tuple[str, ...] = ()
    peers: tuple[str, str] | None = None
    image: str = ""


def shape_of(business: Business, component: Component) -> Shape:
    """The shape of every replica of this component of the business.

    Apart is mutual: it holds whichever of the two says so, because either may be placed first.
    """
    resources, affinity = component.resource_requirements, component.affinity
    reservation: Reservation = reservation_of(component)
    apart_from = set(affinity.anti_affinity)
    apart_from |= {
        other.component_id for other in business.components if component.component_id in other.affinity.anti_affinity
    }
    return Shape(
        cpu_milli=milli(reservation.cpu_cores),
        memory_mb=mebibytes(reservation.memory_mb),
        gpu_count=resources.gpu_count or int(resources.gpu),
        gpu_memory_mb=resources.gpu_memory_mb,
        host_ports=reservation.host_ports,
        constraint=Constraint(
            runtime=component.type,
            require_gpu=affinity.require_gpu,
            labels=tuple(sorted(affinity.node_labels.items())),
            node_id=affinity.node_id or "",
        ),
        spread_by=affinity.spread_by or "",
        apart_from=tuple(sorted(apart_from)),
        peers=(business.business_id, component.component_id) if affinity.spread_by or apart_from else None,
        image=needed_image(component),
    )

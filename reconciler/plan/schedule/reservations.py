"""What a plan frees on each node, and which of its actions must wait for that.

A plan may use the room of what it stops. Until that has really gone, the room is not there: an action on a node
where the reservations would overlap waits for every instance of that node that goes or shrinks.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from reconciler.manifest.host_ports import claimed, conflicting, host_ports
from reconciler.plan.model.observed import Allocation
from reconciler.plan.model.plan import Action, Kind
from reconciler.plan.schedule.fleet import Fleet
from reconciler.plan.schedule.shape import Shape, mebibytes, milli
from reconciler.wire.messages import InstanceKey


@dataclass(slots=True)
class _Freed:
    """What goes on one node, in all, and whose it was."""

    cpu_milli: int = 0
    memory_mb: int = 0
    things: set[str] = field(default_factory=set)
    stops: set[InstanceKey] = field(default_factory=set)
    shrinks: list[InstanceKey] = field(default_factory=list)


class Releases:
    """What this plan frees, by row of the fleet."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._freed: dict[int, _Freed] = defaultdict(_Freed)

    def all_of(self, allocation: Allocation) -> None:
        """Free the whole reservation of an allocation that stops, for the rest of the plan."""
        row = self._fleet.row[allocation.node_id]
        self._fleet.release(row, allocation.reservation)
        self._fleet.add_peer(allocation.key.business_id, allocation.key.component_id, row, -1)
        freed = self._freed[row]
        freed.cpu_milli += milli(allocation.reservation.cpu_cores)
        freed.memory_mb += mebibytes(allocation.reservation.memory_mb)
        freed.things |= {f"gpu {device}" for device in allocation.reservation.gpu_devices}
        freed.things |= _claims(allocation.reservation.host_ports)
        freed.stops.add(allocation.key)

    def difference(self, allocation: Allocation, shape: Shape, devices: tuple[int, ...]) -> None:
        """Free what an update in place gives up; the fleet holds the new reservation already."""
        cpu = max(milli(allocation.reservation.cpu_cores) - shape.cpu_milli, 0)
        memory = max(mebibytes(allocation.reservation.memory_mb) - shape.memory_mb, 0)
        things = _claims(allocation.reservation.host_ports) - _claims(shape.host_ports)
        things |= {f"gpu {device}" for device in set(allocation.reservation.gpu_devices) - set(devices)}
        if cpu or memory or things:
            freed = self._freed[self._fleet.row[allocation.node_id]]
            freed.cpu_milli += cpu
            freed.memory_mb += memory
            freed.things |= things
            freed.shrinks.append(allocation.key)

    def needed_by(self, action: Action) -> tuple[InstanceKey, ...]:
        """The instances that must go or shrink before this action has its room; asked when the plan is complete."""
        if action.kind is Kind.STOP or action.component is None:
            return ()
        row = self._fleet.row[action.node_id]
        freed = self._freed.get(row)
        if freed is None:
            return ()
        takes = {name for port in host_ports(action.component) for name in conflicting(port)}
        takes |= {f"gpu {device}" for device in action.gpu_devices}
        overlaps = (
            self._fleet.cpu_free[row] < freed.cpu_milli
            or self._fleet.memory_free[row] < freed.memory_mb
            or bool(takes & freed.things)
        )
        if not overlaps:
            return ()
        # An update that gives up one thing and takes another waits for those that were found room before it. What came
        # after can't be what it needs, and so no two wait for each other.
        before = freed.shrinks
        if action.key in before:
            before = before[: before.index(action.key)]
        return tuple(sorted((freed.stops | set(before)) - {action.key}))


def _claims(ports: tuple[str, ...]) -> set[str]:
    return {name for port in ports for name in claimed(port)}

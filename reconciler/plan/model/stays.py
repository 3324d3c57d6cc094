"""Why an instance stays as it is for now, as values with fields; texts and codes as in `model.reasons`."""

from dataclasses import dataclass
from typing import ClassVar

from reconciler.plan.model.observed import NodeHealth
from reconciler.plan.model.reasons import Reason


@dataclass(frozen=True, slots=True)
class NotPlaced(Reason):
    """A reference can't be resolved before the instance itself has a node."""

    code: ClassVar[str] = "not_placed"

    def __str__(self) -> str:
        return "has no place yet"


@dataclass(frozen=True, slots=True)
class ReferenceNotPlaced(Reason):
    """What `${component_id.attribute}` refers to has no node."""

    component_id: str
    attribute: str
    code: ClassVar[str] = "reference_not_placed"

    def __str__(self) -> str:
        return f"${{{self.component_id}.{self.attribute}}}: {self.component_id} has no place yet"


@dataclass(frozen=True, slots=True)
class PortNotPublished(Reason):
    """What `${component_id.port.port}` refers to can't be reached: `near` on the same node, or on another one."""

    component_id: str
    port: int
    near: bool
    code: ClassVar[str] = "port_not_published"

    def __str__(self) -> str:
        name, port = self.component_id, self.port
        where, or_else = ("on another network", " or a network in common") if self.near else ("on another node", "")
        return (
            f"${{{name}.port.{port}}}: {name} is {where} and publishes no port {port}: "
            f'add ports: ["{port}:{port}"] to it{or_else}'
        )


@dataclass(frozen=True, slots=True)
class LostNodeAwaited(Reason):
    """The instance stays on its lost node: for the `volumes` that it has there, or as the spec says."""

    node_id: str
    volumes: bool
    code: ClassVar[str] = "lost_node_awaited"

    def __str__(self) -> str:
        why = "holds its volumes" if self.volumes else "is to be kept there"
        return f"{self.node_id} is lost and {why}: waits until it is back"


@dataclass(frozen=True, slots=True)
class UpdateAwaitsNode(Reason):
    """The instance is to be updated on a node that does not answer."""

    node_id: str
    health: NodeHealth
    code: ClassVar[str] = "update_awaits_node"

    def __str__(self) -> str:
        return f"{self.node_id} is {self.health}: updated when it answers"


@dataclass(frozen=True, slots=True)
class VolumesNeedRoom(Reason):
    """The node that holds the instance's volumes has no room for its new version."""

    node_id: str
    code: ClassVar[str] = "volumes_need_room"

    def __str__(self) -> str:
        return f"{self.node_id} holds its volumes and has no room for the new version"


@dataclass(frozen=True, slots=True)
class NeverSettles(Reason):
    """Each plan of the business would undo the one before; `flips` says what changes to and fro."""

    flips: str
    code: ClassVar[str] = "never_settles"

    def __str__(self) -> str:
        return f"would never settle: {self.flips}"


@dataclass(frozen=True, slots=True)
class SelfHealOff(Reason):
    """The business's spec says that nothing is set back."""

    code: ClassVar[str] = "self_heal_off"

    def __str__(self) -> str:
        return "self_heal is off"


@dataclass(frozen=True, slots=True)
class Frozen(Reason):
    """The field was set back so many `times` that something else must want it otherwise."""

    business_id: str
    component_id: str
    node_id: str
    field: str
    times: int
    code: ClassVar[str] = "frozen"

    def __str__(self) -> str:
        name = f"{self.business_id}/{self.component_id}"
        return (
            f"frozen: it was set back {self.times} times, and something on node {self.node_id} sets it again; "
            f"change the spec, add ignore_drift: [{self.field}], or say `reconciler thaw {name}`"
        )

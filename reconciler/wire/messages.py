"""The messages between manager and agents, as the mission's section 6 has them, plus what makes them safe to repeat.

Every message is a frozen struct. Unknown fields are ignored on reading, so that versions may differ by one.
Bodies are JSON: `msgspec.json.encode(message)` and `msgspec.json.decode(data, type=...)`, which checks types.
"""

from enum import StrEnum

import msgspec

from reconciler.manifest.host_ports import host_ports
from reconciler.manifest.model import Component, Resources


class Status(StrEnum):
    """What a component can be doing (the mission's section 8)."""

    PENDING = "pending"
    DOWNLOADING = "downloading"
    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"
    STOPPING = "stopping"
    STOPPED = "stopped"


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of every message."""


class InstanceKey(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """Which instance: replica `instance` (counted from 0) of a component of a business."""

    business_id: str
    component_id: str
    instance: int = 0

    def __str__(self) -> str:
        """`shop/web/0`, as people see it."""
        return f"{self.business_id}/{self.component_id}/{self.instance}"


AllocationId = tuple[InstanceKey, str]
"""Which allocation: the instance, and its node's id."""

ComponentKey = tuple[str, str]
"""Which component: its business's id, and its own."""


class Deploy(Message, frozen=True, kw_only=True):
    """`POST /api/deploy` in our process: run this component as this instance, replacing any older version.

    On the wire the component's fields stand at the top level beside these, as the mission has it; see
    `reconciler.wire.codec`. `gpu_devices` are the indexes of the node's GPUs reserved for this instance. What runs in
    this version is left as it is, unless one of the fields `heal` of it has drifted. `revision` and `commit` say where
    the version comes from, for whoever looks at the container; they make no other version.
    """

    business_id: str
    component: Component
    instance: int
    digest: str
    version: int
    gpu_devices: tuple[int, ...] = ()
    heal: tuple[str, ...] = ()
    revision: int = 0
    commit: str = ""

    @property
    def key(self) -> InstanceKey:
        """The instance this is about."""
        return InstanceKey(self.business_id, self.component.component_id, self.instance)


class Stop(Message, frozen=True, kw_only=True):
    """`POST /api/stop`: end and remove this instance, whichever version runs, unless a newer one was deployed."""

    business_id: str
    component_id: str
    instance: int = 0
    version: int = 0
    container_id: str | None = None

    @property
    def key(self) -> InstanceKey:
        """The instance this is about."""
        return InstanceKey(self.business_id, self.component_id, self.instance)


class Reservation(Message, frozen=True, kw_only=True, gc=False):
    """What an instance holds of its node: CPU, memory, GPU devices by index, host ports as the Engine
    writes them, `"PORT/PROTOCOL"` or `"ADDRESS:PORT/PROTOCOL"`.

    `volumes` says that it keeps data on its node (a bind mount or a named volume) and so does not move by itself.
    """

    cpu_cores: float = 0.0
    memory_mb: int = 0
    gpu_devices: tuple[int, ...] = ()
    host_ports: tuple[str, ...] = ()
    volumes: bool = False


def fencing(deploy: Deploy) -> dict[str, str]:
    """The environment in which a singleton finds its fencing token: each start has a greater one than any before.

    What the singleton writes to can refuse whoever comes with a smaller token than it has seen; see M. Kleppmann,
    "How to do distributed locking" (2016).
    """
    return {"RECONCILER_FENCING_TOKEN": str(deploy.version)} if deploy.component.singleton else {}


def reservation_of(component: Component, gpu_devices: tuple[int, ...] = ()) -> Reservation:
    """What an instance of this component holds of its node."""
    resources: Resources = component.resource_requirements
    return Reservation(
        cpu_cores=resources.cpu_cores,
        memory_mb=resources.memory_mb,
        gpu_devices=gpu_devices,
        host_ports=host_ports(component),
        volumes=any(mount.type in ("bind", "volume") for mount in component.volumes),
    )

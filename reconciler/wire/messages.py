"""The messages between manager and agents, as the mission's section 6 has them, plus what makes them safe to repeat.

Every message is a frozen struct. Unknown fields are ignored on reading, so that versions may differ by one.
Bodies are JSON: `msgspec.json.encode(message)` and `msgspec.json.decode(data, type=...)`, which checks types.
"""

from enum import StrEnum
from typing import Literal

import msgspec

from reconciler.manifest.host_ports import host_ports
from reconciler.manifest.model import Component, Resources

REPORT_BYTES_MAX = 16 * 1024 * 1024
"""The largest report a manager reads: 5,000 instances with room to spare."""

IMAGES_MAX = 500
"""How many images a node reports, the largest ones."""


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
    `reconciler.wire.codec`. `gpu_devices` are the indexes of the node's GPUs this instance is promised. What runs in
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


class Usage(Message, frozen=True, kw_only=True):
    """What an instance uses now: CPU in percent of one core, memory in MiB, its GPUs in percent."""

    cpu_percent: float = 0.0
    memory_mb: float = 0.0
    gpu_percent: float = 0.0


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


class Drift(Message, frozen=True, kw_only=True):
    """One field of what runs that is not as its agent applied it.

    `expected` and `actual` are the JSON of the value, None where the field is absent; secrets are hidden. `first_seen`
    is when the manager first heard of it (seconds since the epoch); agents leave it out.
    """

    field: str
    expected: str | None = None
    actual: str | None = None
    first_seen: float = 0.0


class InstanceReport(Message, frozen=True, kw_only=True):
    """One instance as its agent sees it now.

    `digest` and `version` are of what runs (or was last tried). `message` says why it failed or how far a
    download is. `progress` is 0..1 while downloading. `started_at` is seconds since the epoch. A report with
    status `stopped` and no `container_id` says that nothing of the instance is left. `ended` says that nothing on
    the node will start it again by itself. `failed_digest` is of the version whose attempt to replace this one failed.
    `drift` is what somebody changed of it.
    """

    business_id: str
    component_id: str
    instance: int = 0
    status: Status
    digest: str = ""
    version: int = 0
    container_id: str | None = None
    message: str = ""
    progress: float | None = None
    resource_usage: Usage = Usage()
    # On the wire as agents of older versions have it: what they hold must not be taken for nothing.
    reservation: Reservation = msgspec.field(default=Reservation(), name="promise")
    restart_count: int = 0
    started_at: float | None = None
    ended: bool = False
    failed_digest: str = ""
    drift: tuple[Drift, ...] = ()

    @property
    def key(self) -> InstanceKey:
        """The instance this is about."""
        return InstanceKey(self.business_id, self.component_id, self.instance)


class LogLine(Message, frozen=True, kw_only=True):
    """A line of an instance's output; `at` is when it was written (ISO 8601), None where nobody noted it."""

    at: str | None = None
    text: str


class LogChunk(Message, frozen=True, kw_only=True):
    """Some of an instance's output, oldest first. `cursor` given back leads to what was written after it."""

    lines: tuple[LogLine, ...] = ()
    cursor: str = ""


class ExecRequest(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people ask for: run these words, without a shell, for at most `timeout` seconds."""

    command: tuple[str, ...]
    timeout: float = 60.0


class Exec(Message, frozen=True, kw_only=True):
    """`POST /api/exec`: run these words inside this instance. The reply is a stream of `ExecFrame`, one a line."""

    business_id: str
    component_id: str
    instance: int = 0
    command: tuple[str, ...]
    timeout: float = 60.0

    @property
    def key(self) -> InstanceKey:
        """The instance this is about."""
        return InstanceKey(self.business_id, self.component_id, self.instance)


class ExecFrame(Message, frozen=True, kw_only=True):
    """Some output of a command, or how it ended; an empty one only says that it goes on.

    `exit_code` is the command's own, 128 and more for a signal. `error` says why there is none: it could not be
    started, or was ended.
    """

    stream: Literal["", "stdout", "stderr"] = ""
    text: str = ""
    exit_code: int | None = None
    error: str = ""

    @property
    def is_last(self) -> bool:
        """Whether nothing follows."""
        return self.exit_code is not None or self.error != ""


class ComponentReport(InstanceReport, frozen=True, kw_only=True):
    """`POST /api/report/component`: one change, at once. `timestamp` is seconds since the epoch."""

    node_id: str
    timestamp: float


class Gpu(Message, frozen=True, kw_only=True):
    """One GPU of a node. Memory in MiB, use in percent."""

    index: int
    name: str = ""
    uuid: str = ""
    memory_mb: int = 0
    used_memory_mb: int = 0
    gpu_percent: float = 0.0


class NodeImage(Message, frozen=True, kw_only=True):
    """An image that a node has: its full name (`reconciler.manifest.images.full_name`) and unpacked size in MiB."""

    name: str
    size_mb: int = 0


class NodeCapacity(Message, frozen=True, kw_only=True):
    """What a node has to give: CPU cores and memory in MiB."""

    cpu_cores: float
    memory_mb: int


class NodeUsage(Message, frozen=True, kw_only=True):
    """What a node uses in all, ours or not: CPU percent of the whole machine (0..100), memory in MiB."""

    cpu_percent: float = 0.0
    memory_mb: float = 0.0


class NodeReport(Message, frozen=True, kw_only=True):
    """`POST /api/report`: registration, heartbeat and full inventory of a node in one.

    `address` is the agent's URL as the manager should call it. `runtimes` are the component types it can run.
    `instances` is complete: what is not in it does not exist on the node. `metrics` says that `resource_usage`
    was sampled just now. `images` are None where they are as this node said before. `disk_free_mb` is of the disk that
    images are kept on, None where nobody can tell.
    """

    node_id: str
    address: str
    capacity: NodeCapacity
    usage: NodeUsage = NodeUsage()
    labels: dict[str, str] = {}
    gpus: tuple[Gpu, ...] = ()
    runtimes: tuple[str, ...] = ("docker",)
    instances: tuple[InstanceReport, ...] = ()
    images: tuple[NodeImage, ...] | None = None
    disk_free_mb: int | None = None
    timestamp: float = 0.0
    agent_version: str = ""


def fencing(deploy: Deploy) -> dict[str, str]:
    """The environment in which a singleton finds its fencing token: each start has a greater one than any before.

    What the singleton writes to can refuse whoever comes with a smaller token than it has seen; see M. Kleppmann,
    "How to do distributed locking" (2016).
    """
    return {"RECONCILER_FENCING_TOKEN": str(deploy.version)} if deploy.component.singleton else {}


class ReportAck(Message, frozen=True, kw_only=True):
    """The manager's answer to a report. `lease_seconds` is how long singletons may run on without another one."""

    status: str
    message: str
    lease_seconds: float


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

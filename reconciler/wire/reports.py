"""What agents tell of their nodes and of what runs there, and the manager's answer."""

import msgspec

from reconciler.wire.messages import InstanceKey, Message, Reservation, Status

REPORT_BYTES_MAX = 16 * 1024 * 1024
"""The largest report a manager reads: 5,000 instances with room to spare."""


IMAGES_MAX = 500
"""How many images a node reports, the largest ones."""


class Usage(Message, frozen=True, kw_only=True):
    """What an instance uses now: CPU in percent of one core, memory in MiB, its GPUs in percent."""

    cpu_percent: float = 0.0
    memory_mb: float = 0.0
    gpu_percent: float = 0.0


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
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    gpus: tuple[Gpu, ...] = ()
    runtimes: tuple[str, ...] = ("docker",)
    instances: tuple[InstanceReport, ...] = ()
    images: tuple[NodeImage, ...] | None = None
    disk_free_mb: int | None = None
    timestamp: float = 0.0
    agent_version: str = ""


class ReportAck(Message, frozen=True, kw_only=True):
    """The manager's answer to a report. `lease_seconds` is how long singletons may run on without another one."""

    status: str
    message: str
    lease_seconds: float

"""Why a node can't take an instance, as values with fields; texts and codes as in `model.reasons`."""

from dataclasses import dataclass
from typing import ClassVar

from reconciler.plan.model.observed import NodeHealth
from reconciler.plan.model.reasons import Reason

MILLI = 1000


@dataclass(frozen=True, slots=True)
class NodeNotReady(Reason):
    """The node is suspect or lost."""

    health: NodeHealth
    code: ClassVar[str] = "node_not_ready"

    def __str__(self) -> str:
        return f"{self.health}: has not reported lately"


@dataclass(frozen=True, slots=True)
class NodeDraining(Reason):
    """The node gives away what it runs."""

    code: ClassVar[str] = "node_draining"

    def __str__(self) -> str:
        return "draining"


@dataclass(frozen=True, slots=True)
class NodeCordoned(Reason):
    """The node gets nothing new."""

    code: ClassVar[str] = "node_cordoned"

    def __str__(self) -> str:
        return "cordoned"


@dataclass(frozen=True, slots=True)
class NodeFlapping(Reason):
    """The node was lost again and again."""

    code: ClassVar[str] = "node_flapping"

    def __str__(self) -> str:
        return "lost several times lately: has to stay for a while first"


@dataclass(frozen=True, slots=True)
class CpuShort(Reason):
    """CPU in thousandths of a core: what it needs, and what the best node has."""

    needed_milli: int
    free_milli: int
    code: ClassVar[str] = "cpu_short"

    def __str__(self) -> str:
        return f"CPU: needs {self.needed_milli / MILLI:g} cores, at most {self.free_milli / MILLI:g} free"


@dataclass(frozen=True, slots=True)
class MemoryShort(Reason):
    """Memory in MiB: what it needs, and what the best node has."""

    needed_mb: int
    free_mb: int
    code: ClassVar[str] = "memory_short"

    def __str__(self) -> str:
        return f"memory: needs {self.needed_mb} MB, at most {self.free_mb} free"


@dataclass(frozen=True, slots=True)
class GpuShort(Reason):
    """GPU devices of at least so much memory (MiB): what it needs, and what the best node has (None: no GPU at all)."""

    needed: int
    memory_mb: int
    free: int | None
    code: ClassVar[str] = "gpu_short"

    def __str__(self) -> str:
        memory = f" with {self.memory_mb} MB" if self.memory_mb else ""
        return f"GPU: needs {self.needed}{memory}, {'has none' if self.free is None else f'at most {self.free} free'}"


@dataclass(frozen=True, slots=True)
class GpuMissing(Reason):
    """A GPU is required, and the node has none."""

    code: ClassVar[str] = "gpu_missing"

    def __str__(self) -> str:
        return "GPU: required, has none"


@dataclass(frozen=True, slots=True)
class HostPortTaken(Reason):
    """Other instances hold these host ports."""

    ports: tuple[str, ...]
    code: ClassVar[str] = "host_port_taken"

    def __str__(self) -> str:
        return f"host port {', '.join(self.ports)} is taken"


@dataclass(frozen=True, slots=True)
class DiskShort(Reason):
    """Disk in MiB: the image's size, what unpacking it needs, and what the best node has."""

    image: str
    size_mb: int
    needed_mb: int
    free_mb: int
    code: ClassVar[str] = "disk_short"

    def __str__(self) -> str:
        needs = f"needs {self.needed_mb} MB to unpack the {self.size_mb} MB of {self.image}"
        return f"disk: {needs}, at most {self.free_mb} free"


@dataclass(frozen=True, slots=True)
class OtherNodeWanted(Reason):
    """The component is bound to another node."""

    node_id: str
    code: ClassVar[str] = "other_node_wanted"

    def __str__(self) -> str:
        return f"node_id: is not {self.node_id}"


@dataclass(frozen=True, slots=True)
class RuntimeMissing(Reason):
    """The node has no such runtime (`docker`, `process`)."""

    runtime: str
    code: ClassVar[str] = "runtime_missing"

    def __str__(self) -> str:
        return f"runtime: has no {self.runtime}"


@dataclass(frozen=True, slots=True)
class LabelUnmet(Reason):
    """The node lacks a label, or `has` another value of it."""

    name: str
    value: str
    has: str | None = None
    code: ClassVar[str] = "label_unmet"

    def __str__(self) -> str:
        label = f"label {self.name}={self.value}"
        return f"{label} missing" if self.has is None else f"{label} wanted, has {self.name}={self.has}"


@dataclass(frozen=True, slots=True)
class AntiAffinity(Reason):
    """The node runs one of the components that this one is kept apart from."""

    component_ids: tuple[str, ...]
    code: ClassVar[str] = "anti_affinity"

    def __str__(self) -> str:
        return f"anti-affinity: runs {' or '.join(self.component_ids)}"


@dataclass(frozen=True, slots=True)
class SpreadLabelMissing(Reason):
    """The node lacks the label that the replicas are spread by."""

    label: str
    code: ClassVar[str] = "spread_label_missing"

    def __str__(self) -> str:
        return f"spread_by: label {self.label} missing"


@dataclass(frozen=True, slots=True)
class NoNodes(Reason):
    """There is no node at all."""

    code: ClassVar[str] = "no_nodes"

    def __str__(self) -> str:
        return "no node has registered"

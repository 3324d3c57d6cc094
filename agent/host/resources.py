"""What this machine has, and how much of it is in use."""

import psutil

from reconciler.wire.reports import NodeCapacity, NodeUsage


def capacity() -> NodeCapacity:
    """Measure CPU cores and memory (MiB) of the machine."""
    return NodeCapacity(cpu_cores=float(psutil.cpu_count() or 1), memory_mb=int(psutil.virtual_memory().total // 2**20))


class NodeSampler:
    """Measures use between calls, without waiting."""

    def __init__(self) -> None:
        psutil.cpu_percent(interval=None)

    def usage(self) -> NodeUsage:
        """Measure CPU of the whole machine in percent since the last call, and memory in use (MiB)."""
        memory = psutil.virtual_memory()
        return NodeUsage(
            cpu_percent=float(psutil.cpu_percent(interval=None)),
            memory_mb=round((memory.total - memory.available) / 2**20, 1),
        )

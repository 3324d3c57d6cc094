"""The node's GPUs through NVML. A machine without GPUs or without the driver is normal and has none."""

import logging
from typing import Any

from reconciler.wire.reports import Gpu

log = logging.getLogger(__name__)

MIB = 2**20


class Gpus:
    """The devices NVML shows. `nvml` is the `pynvml` module, or None where it can't be used."""

    def __init__(self, nvml: Any | None) -> None:
        self._nvml = nvml
        self._lost: set[int] = set()

    def devices(self) -> tuple[Gpu, ...]:
        """Read every device that answers, with memory and use. One that stops answering is left out, with a warning."""
        if self._nvml is None:
            return ()
        try:
            count = int(self._nvml.nvmlDeviceGetCount())
        except self._nvml.NVMLError as error:
            log.warning("the GPUs can't be counted: %s", error)
            return ()
        return tuple(gpu for index in range(count) if (gpu := self._device(index)) is not None)

    def _device(self, index: int) -> Gpu | None:
        nvml: Any = self._nvml
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            memory = nvml.nvmlDeviceGetMemoryInfo(handle)
            gpu = Gpu(
                index=index,
                name=_text(nvml.nvmlDeviceGetName(handle)),
                uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
                memory_mb=int(memory.total // MIB),
                used_memory_mb=int(memory.used // MIB),
                gpu_percent=self._percent(handle),
            )
        except nvml.NVMLError as error:
            if index not in self._lost:
                log.warning("GPU %d does not answer and is left out: %s", index, error)
            self._lost.add(index)
            return None
        self._lost.discard(index)
        return gpu

    def _percent(self, handle: Any) -> float:
        """How busy the device is; 0 where it can't tell (as with MIG)."""
        nvml: Any = self._nvml
        try:
            return float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
        except nvml.NVMLError:
            return 0.0


def open_gpus() -> Gpus:
    """Open the GPUs of this machine."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        log.info("no GPUs: %s", error)
        return Gpus(None)
    return Gpus(pynvml)


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

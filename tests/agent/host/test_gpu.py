"""What an agent tells of its GPUs; NVML is played by a stand-in."""

from types import SimpleNamespace
from typing import Any

import pytest

from agent.host.gpu import Gpus, open_gpus


class NVMLError(Exception):
    """As pynvml's."""


class Nvml:
    """Two devices as pynvml shows them; `broken` ones raise, and `blind` ones can't tell how busy they are."""

    NVMLError = NVMLError

    def __init__(self) -> None:
        self.broken: set[int] = set()
        self.blind: set[int] = set()

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        if index in self.broken:
            raise NVMLError("GPU is lost")
        return index

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:  # noqa: N802
        return SimpleNamespace(total=(handle + 1) * 2**30, used=512 * 2**20)

    def nvmlDeviceGetName(self, handle: int) -> bytes | str:  # noqa: N802
        return b"Old Binding" if handle else "New Binding"

    def nvmlDeviceGetUUID(self, handle: int) -> str:  # noqa: N802
        return f"GPU-{handle}"

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> Any:  # noqa: N802
        if handle in self.blind:
            raise NVMLError("Not Supported")
        return SimpleNamespace(gpu=40 + handle)


def test_every_device_is_told_with_its_memory_and_use() -> None:
    first, second = Gpus(Nvml()).devices()
    assert (first.index, first.name, first.uuid, first.memory_mb, first.used_memory_mb, first.gpu_percent) == (
        *(0, "New Binding", "GPU-0", 1024, 512),
        40.0,
    )
    assert (second.name, second.memory_mb) == ("Old Binding", 2048)


def test_a_device_that_is_lost_is_left_out_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    nvml = Nvml()
    gpus = Gpus(nvml)
    nvml.broken.add(0)
    for _ in range(3):
        assert [gpu.index for gpu in gpus.devices()] == [1]
    assert len(caplog.records) == 1, "said once, not at every heartbeat"
    nvml.broken.clear()
    assert [gpu.index for gpu in gpus.devices()] == [0, 1]


def test_a_device_that_can_not_tell_its_use_counts_as_idle() -> None:
    nvml = Nvml()
    nvml.blind.add(1)
    assert [gpu.gpu_percent for gpu in Gpus(nvml).devices()] == [40.0, 0.0]


def test_no_driver_is_normal() -> None:
    assert Gpus(None).devices() == ()
    assert isinstance(open_gpus().devices(), tuple)

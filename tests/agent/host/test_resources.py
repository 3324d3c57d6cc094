"""What an agent tells of its machine's CPU and memory."""

import psutil

from agent.host.resources import NodeSampler, capacity


def test_capacity_and_usage_are_the_machine_s() -> None:
    has, uses = capacity(), NodeSampler().usage()
    assert has.cpu_cores == psutil.cpu_count()
    assert 0 < uses.memory_mb < has.memory_mb
    assert 0 <= uses.cpu_percent <= 100

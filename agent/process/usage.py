"""What programs use now: CPU and memory of everything that each has started, summed over its session."""

import time

import psutil

from agent.host.sessions import session_members
from reconciler.wire.reports import Usage


class UsageSampler:
    """Turns CPU time into CPU percent by keeping the last reading of each program."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, float]] = {}

    def sample(self, container_id: str, session: int) -> Usage:
        """Measure CPU in percent of one core since the last call (0 on the first), and resident memory in MiB."""
        seconds = memory = 0.0
        for member in session_members(session):
            try:
                process = psutil.Process(member)
                times = process.cpu_times()
                seconds += times.user + times.system
                memory += process.memory_info().rss / 2**20
            except psutil.Error:
                continue
        now = time.monotonic()
        then, before = self._last.get(container_id, (now, seconds))
        self._last[container_id] = (now, seconds)
        percent = 100 * max(seconds - before, 0.0) / (now - then) if now > then else 0.0
        return Usage(cpu_percent=percent, memory_mb=memory)

    def forget(self, container_id: str) -> None:
        """Let go of a program that has ended."""
        self._last.pop(container_id, None)

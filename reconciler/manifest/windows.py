"""Sync windows: whether changes are let in at a moment, and when that is otherwise next.

As in Argo CD: a matching `deny` beats `allow`; where there are any `allow` windows, it is closed outside of them. A
window begins whenever its cron expression says so by the clocks of its time zone, and lasts for its duration as it
really passes. What would begin in an hour that is left out begins right after it; what would begin twice, begins the
first time.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from reconciler.manifest.model import Sync, Window
from reconciler.manifest.near_miss import did_you_mean
from reconciler.manifest.paths import Path

WINDOW_SECONDS_MIN = 60.0
WINDOW_SECONDS_MAX = 366 * 86400.0

STARTS_MAX = 1000
"""A window that begins anew so often before it ends counts as one that never ends."""

EDGES_MAX = 1000
"""So many beginnings and ends are looked at for the next change."""

LEAD = timedelta(hours=3)
"""More than clocks are ever set back at once: starts are looked for from so long before."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether windows let changes in, and when (epoch seconds) that is otherwise; None: not for long."""

    is_open: bool
    until: float | None = None

    @property
    def end(self) -> str:
        """`until 2026-03-02 22:00 UTC`, "" where there is no such time."""
        if self.until is None:
            return ""
        return f"until {datetime.fromtimestamp(self.until, UTC):%Y-%m-%d %H:%M} UTC"


def opening(windows: Sequence[Window], now: float) -> Opening:
    """How it is at `now` (seconds since the epoch). Without windows it is always open."""
    active: set[int] = set()
    is_open: bool | None = None
    edges = heapq.merge(*(_edges(number, window, now) for number, window in enumerate(windows)))
    for at, changes in islice(groupby(edges, key=lambda edge: edge[0]), EDGES_MAX):
        if at > now and is_open is None:
            is_open = _lets_in(windows, active)
        for _, begins, number in changes:
            if begins:
                active.add(number)
            else:
                active.discard(number)
        if is_open is not None and _lets_in(windows, active) != is_open:
            return Opening(is_open, at)
    return Opening(_lets_in(windows, active) if is_open is None else is_open)


def mistakes(sync: Sync) -> Iterator[tuple[Path, str]]:
    """What is wrong with the windows of a policy that is well-formed: the path, and the message."""
    for number, window in enumerate(sync.windows or ()):
        path: Path = ("windows", number)
        try:
            zone = ZoneInfo(window.time_zone)
        except (OSError, ValueError, KeyError):
            hint = did_you_mean(window.time_zone, sorted(available_timezones())) or "write one such as Europe/Berlin"
            yield (*path, "time_zone"), f"'{window.time_zone}' is no time zone; {hint}"
            zone = ZoneInfo("UTC")
        wrong = _flaw(window.schedule, zone)
        if wrong:
            yield (*path, "schedule"), f"'{window.schedule}' {wrong}"
        if not WINDOW_SECONDS_MIN <= window.duration <= WINDOW_SECONDS_MAX:
            yield (*path, "duration"), f"is {window.duration:.12g}s: at least 1m and at most 366d"


def _flaw(schedule: str, zone: ZoneInfo) -> str:
    example = "minute hour day month weekday, such as 0 22 * * 1-5"
    fields = len(schedule.split())
    if fields != 5:
        return f"has {fields} field{'' if fields == 1 else 's'}, not five: {example}"
    try:
        next(CronSim(schedule, datetime(2024, 1, 1, tzinfo=zone)))
    except CronSimError as error:
        return f"is no cron expression ({error}): {example}"
    except StopIteration:
        return f"never comes: {example}"
    return ""


def _lets_in(windows: Sequence[Window], active: set[int]) -> bool:
    kinds = {windows[number].kind for number in active}
    return "deny" not in kinds and ("allow" in kinds or all(window.kind == "deny" for window in windows))


def _edges(number: int, window: Window, now: float) -> Iterator[tuple[float, bool, int]]:
    """When the window begins (True) and ends (False) by turns, from the beginning that reaches beyond `now` on."""
    starts = _starts(window, now - window.duration)
    begin = next(starts, None)
    while begin is not None:
        yield begin, True, number
        end, following = begin + window.duration, next(starts, None)
        merged = 0
        while following is not None and following <= end:
            end, following = following + window.duration, next(starts, None)
            merged += 1
            if merged > STARTS_MAX:
                return
        yield end, False, number
        begin = following


def _starts(window: Window, after: float) -> Iterator[float]:
    """Every beginning after this time."""
    zone = ZoneInfo(window.time_zone)
    for start in CronSim(window.schedule, datetime.fromtimestamp(after, zone) - LEAD):
        at = start.timestamp()
        if at > after:
            yield at

"""Sync windows: open or closed, until when, over midnight and over changes of the clocks."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from reconciler.manifest.errors import SpecError
from reconciler.manifest.load import load_text
from reconciler.manifest.model import Sync, Window
from reconciler.manifest.windows import Opening, opening

HOUR = 3600.0
BERLIN = "Europe/Berlin"


def allow(schedule: str, hours: float, zone: str = "UTC") -> Window:
    return Window(kind="allow", schedule=schedule, duration=hours * HOUR, time_zone=zone)


def deny(schedule: str, hours: float, zone: str = "UTC") -> Window:
    return Window(kind="deny", schedule=schedule, duration=hours * HOUR, time_zone=zone)


def at(text: str, zone: str = "UTC", fold: int = 0) -> float:
    """Seconds since the epoch of `2026-03-02 22:00` by the clocks of a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def told(windows: list[Window], now: float, zone: str = "UTC") -> tuple[str, str]:
    found = opening(windows, now)
    until = "" if found.until is None else f"{datetime.fromtimestamp(found.until, ZoneInfo(zone)):%Y-%m-%d %H:%M}"
    return "open" if found.is_open else "closed", until


NIGHTS = allow("0 22 * * 1-5", 4)
"""Monday to Friday, over midnight; 2026-03-02 is a Monday."""


@pytest.mark.parametrize(
    ("windows", "now", "expected"),
    [
        ([], "2026-03-02 12:00", ("open", "")),
        ([NIGHTS], "2026-03-02 21:59", ("closed", "2026-03-02 22:00")),
        ([NIGHTS], "2026-03-02 22:00", ("open", "2026-03-03 02:00")),
        ([NIGHTS], "2026-03-03 01:59", ("open", "2026-03-03 02:00")),
        ([NIGHTS], "2026-03-03 02:00", ("closed", "2026-03-03 22:00")),
        ([NIGHTS], "2026-03-07 01:00", ("open", "2026-03-07 02:00")),
        ([NIGHTS], "2026-03-07 03:00", ("closed", "2026-03-09 22:00")),
        ([deny("0 8 * * *", 10)], "2026-03-02 07:00", ("open", "2026-03-02 08:00")),
        ([deny("0 8 * * *", 10)], "2026-03-02 08:00", ("closed", "2026-03-02 18:00")),
        ([NIGHTS, deny("0 23 2 3 *", 1)], "2026-03-02 22:30", ("open", "2026-03-02 23:00")),
        ([NIGHTS, deny("0 23 2 3 *", 1)], "2026-03-02 23:30", ("closed", "2026-03-03 00:00")),
        ([NIGHTS, deny("0 0 * * *", 24)], "2026-03-02 22:30", ("closed", "")),
        ([allow("0 8 * * *", 2), allow("0 9 * * *", 3)], "2026-03-02 08:30", ("open", "2026-03-02 12:00")),
        ([allow("0 8 * * *", 2), allow("0 10 * * *", 2)], "2026-03-02 08:30", ("open", "2026-03-02 12:00")),
        ([allow("*/15 8-9 * * *", 0.5)], "2026-03-02 08:50", ("open", "2026-03-02 10:15")),
        ([allow("* * * * *", 1)], "2026-03-02 08:50", ("open", "")),
        ([allow("* * * * *", 1), deny("0 12 * * *", 1)], "2026-03-02 08:50", ("open", "2026-03-02 12:00")),
        ([allow("0 0 29 2 *", 24)], "2026-03-02 00:00", ("closed", "2028-02-29 00:00")),
        ([deny("0 0 20 12 *", 15 * 24)], "2027-01-03 00:00", ("closed", "2027-01-04 00:00")),
    ],
)
def test_open_or_closed_and_until_when(windows: list[Window], now: str, expected: tuple[str, str]) -> None:
    assert told(windows, at(now)) == expected


@pytest.mark.parametrize(
    ("window", "now", "fold", "expected"),
    [
        # The clocks go from 02:00 to 03:00: what begins between begins at 03:00, and four hours stay four hours.
        (allow("30 2 * * *", 1, BERLIN), "2026-03-29 01:59", 0, ("closed", "2026-03-29 03:00")),
        (allow("30 2 * * *", 1, BERLIN), "2026-03-29 03:00", 0, ("open", "2026-03-29 04:00")),
        (allow("30 2 * * *", 1, BERLIN), "2026-03-29 04:00", 0, ("closed", "2026-03-30 02:30")),
        (allow("0 0 * * *", 4, BERLIN), "2026-03-29 01:00", 0, ("open", "2026-03-29 05:00")),
        # The clocks go from 03:00 back to 02:00: what begins at 02:30 begins the first time only.
        (allow("30 2 * * *", 0.5, BERLIN), "2026-10-25 02:15", 0, ("closed", "2026-10-25 02:30")),
        (allow("30 2 * * *", 0.5, BERLIN), "2026-10-25 02:45", 0, ("open", "2026-10-25 02:00")),
        (allow("30 2 * * *", 0.5, BERLIN), "2026-10-25 02:15", 1, ("closed", "2026-10-26 02:30")),
        (allow("30 2 * * *", 0.5, BERLIN), "2026-10-25 02:45", 1, ("closed", "2026-10-26 02:30")),
        (allow("30 2 * * *", 1, BERLIN), "2026-10-25 02:15", 1, ("open", "2026-10-25 02:30")),
        (allow("0 0 * * *", 4, BERLIN), "2026-10-25 02:59", 1, ("open", "2026-10-25 03:00")),
    ],
)
def test_over_changes_of_the_clocks(window: Window, now: str, fold: int, expected: tuple[str, str]) -> None:
    assert told([window], at(now, BERLIN, fold), BERLIN) == expected


@pytest.mark.parametrize("zone", ["UTC", BERLIN, "Australia/Lord_Howe", "America/New_York", "Asia/Kathmandu"])
def test_what_is_told_of_the_next_change_comes_true(zone: str) -> None:
    windows = [allow("30 1,14 * * *", 3.5, zone), deny("0 */5 * * *", 0.75), allow("15 2 * * 0", 6, zone)]
    now, end = at("2026-03-20 00:00"), at("2026-04-10 00:00")
    changes = []
    while now < end:
        found = opening(windows, now)
        assert found.until is not None and found.until > now
        for between in (now, (now + found.until) / 2, found.until - 1):
            assert opening(windows, between) == found
        assert opening(windows, found.until).is_open != found.is_open
        changes.append(found.until)
        now = found.until
    assert len(changes) > 60


def test_the_time_is_told_in_utc() -> None:
    found = opening([allow("0 22 * * *", 1, BERLIN)], at("2026-03-02 12:00"))
    assert (found.is_open, found.end) == (False, "until 2026-03-02 21:00 UTC")
    assert Opening(True).end == ""


SPEC = """business_id: shop
components: [{component_id: web, image_name: nginx:1}]
sync:
  windows:
  - kind: %s
    schedule: "%s"
    duration: %s
    time_zone: %s
"""


def test_a_window_is_read_with_its_units() -> None:
    (shop,) = load_text(SPEC % ("allow", "0 22 * * mon-fri", "1h30m", BERLIN), "shop.yaml")
    assert shop.sync == Sync(windows=(allow("0 22 * * mon-fri", 1.5, BERLIN),))


@pytest.mark.parametrize(
    ("values", "line", "message"),
    [
        (("alow", "0 22 * * *", "1h", "UTC"), 5, "did you mean 'allow'?"),
        (("allow", "0 25 * * *", "1h", "UTC"), 6, "is no cron expression (Bad hour)"),
        (("allow", "0 22 * *", "1h", "UTC"), 6, "has 4 fields, not five"),
        (("allow", "@daily", "1h", "UTC"), 6, "has 1 field, not five"),
        (("allow", "0 22 * * *", "400d", "UTC"), 7, "is 34560000s: at least 1m and at most 366d"),
        (("allow", "0 0 31 2 *", "1h", "UTC"), 6, "'0 0 31 2 *'"),
        (("allow", "0 22 * * *", "tonight", "UTC"), 7, "is no duration"),
        (("allow", "0 22 * * *", "5s", "UTC"), 7, "at least 1m"),
        (("allow", "0 22 * * *", "1h", "Europe/Berln"), 8, "did you mean 'Europe/Berlin'?"),
        (("allow", "0 22 * * *", "1h", "../../etc/passwd"), 8, "is no time zone"),
    ],
)
def test_a_mistake_is_told_with_its_line(values: tuple[str, ...], line: int, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_text(SPEC % values, "shop.yaml")
    (problem,) = caught.value.problems
    assert problem.line == line and message in problem.message, problem

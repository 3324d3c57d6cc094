"""Waiting until businesses are as desired, showing what happens meanwhile."""

import sys
import time
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from reconciler.cli.render.tables import BUSY, COLOURS
from reconciler.cli.support.client import Client, NotFound
from reconciler.cli.support.errors import CliError

EVERY_SECONDS = 0.2
FAILED_FOR_SECONDS = 10.0
"""How long a business may be failed before waiting ends: first failures often mend themselves."""


def wait_for(client: Client, business_ids: Sequence[str], goal: str, timeout: float) -> None:
    """Return when each business has the status `goal` ("gone": is not there any more).

    Raises CliError, naming instance and reason, when one stays failed or `timeout` seconds have passed.
    """
    deadline = time.monotonic() + timeout
    failed_since: dict[str, float] = {}
    screen = _Screen()
    with screen:
        while True:
            found = [business for key in business_ids if (business := _get(client, key))]
            screen.show(found)
            if goal == "gone" and not found and not _busy(client, business_ids):
                return
            if goal != "gone" and len(found) == len(business_ids) and all(_reached(item, goal) for item in found):
                return
            now = time.monotonic()
            for business in found:
                key = business["business_id"]
                if business["status"] != "failed":
                    failed_since.pop(key, None)
                elif now - failed_since.setdefault(key, now) > FAILED_FOR_SECONDS and goal == "running":
                    raise CliError(f"{key} failed: {_reasons(business)}")
            if now > deadline:
                left = [business for business in found if not _reached(business, goal)]
                detail = "; ".join(f"{item['business_id']} is {item['status']}: {_reasons(item)}" for item in left)
                raise CliError(f"not {goal} after {timeout:g} s: {detail}")
            time.sleep(EVERY_SECONDS)


def _busy(client: Client, business_ids: Sequence[str]) -> bool:
    """Whether anything of these businesses is still to be stopped."""
    return any(action["business_id"] in business_ids for action in client.post("/api/plan")["actions"])


def _get(client: Client, business_id: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = client.get(f"/api/businesses/{business_id}")
    except NotFound:
        return None
    return found


def _reached(business: dict[str, Any], goal: str) -> bool:
    return bool(business["status"] == goal)


def _reasons(business: dict[str, Any]) -> str:
    reasons = [
        f"{part['component_id']}/{part['instance']} {part['status']}"
        + (f" ({part['message']})" if part["message"] else "")
        for part in business["components"]
        if part["status"] != "running"
    ]
    return ", ".join(reasons[:5]) or "its instances run, but not all as desired yet"


class _Screen:
    """A live table on a terminal; a line for each change elsewhere."""

    def __init__(self) -> None:
        self._live = Live(refresh_per_second=8) if sys.stdout.isatty() else None
        self._said: dict[str, str] = {}

    def __enter__(self) -> "_Screen":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, businesses: list[dict[str, Any]]) -> None:
        """Show how far they are."""
        if self._live:
            self._live.update(_tables(businesses))
            return
        for business in businesses:
            for part in business["components"]:
                name = f"{business['business_id']}/{part['component_id']}/{part['instance']}"
                on = f" on {part['node_id']}" if part["node_id"] else ""
                reason = "" if part["progress"] is not None or not part["message"] else f": {part['message']}"
                line = f"{part['status']}{on}{reason}"
                if self._said.get(name) != line:
                    self._said[name] = line
                    click.echo(f"{name} {line}")


def _tables(businesses: list[dict[str, Any]]) -> Group:
    grid = Table.grid(padding=(0, 2))
    for business in businesses:
        grid.add_row(Text(business["business_id"], style="bold"), _word(business["status"]))
        for part in business["components"]:
            shown: Any = Text(part["message"])
            if part["progress"] is not None:
                shown = ProgressBar(total=1.0, completed=part["progress"], width=30)
            name = Text(f"  {part['component_id']}/{part['instance']}")
            grid.add_row(name, _word(part["status"]), Text(part["node_id"] or ""), shown)
    return Group(grid)


def _word(word: str) -> Text:
    return Text(word, style=COLOURS.get(word, BUSY))

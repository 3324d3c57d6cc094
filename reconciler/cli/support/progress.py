"""How far businesses are: a live table on a terminal, a line for each change elsewhere."""

import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from reconciler.cli.render.tables import BUSY, COLOURS
from reconciler.cli.render.text import say, visible

Form = dict[str, Any]


class Progress:
    """Shows businesses while a command waits for them."""

    def __init__(self) -> None:
        self._live = Live(refresh_per_second=8) if sys.stdout.isatty() else None
        self._said: dict[str, str] = {}

    def __enter__(self) -> "Progress":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, businesses: Sequence[Form]) -> None:
        """Show how far these businesses are."""
        if self._live:
            self._live.update(_tables(businesses))
            return
        for business in businesses:
            for part in business["components"]:
                self._tell(f"{business['business_id']}/{part['component_id']}/{part['instance']}", part)

    def _tell(self, name: str, part: Form) -> None:
        """Print what an instance does, unless that was said last."""
        on = f" on {part['node_id']}" if part["node_id"] else ""
        reason = f": {part['message']}" if part["progress"] is None and part["message"] else ""
        line = f"{part['status']}{on}{reason}"
        if self._said.get(name) != line:
            self._said[name] = line
            say(f"{name} {line}")


def _tables(businesses: Sequence[Form]) -> Group:
    grid = Table.grid(padding=(0, 2))
    for business in businesses:
        grid.add_row(Text(visible(business["business_id"]), style="bold"), _word(business["status"]))
        for part in business["components"]:
            shown: Any = Text(visible(part["message"]))
            if part["progress"] is not None:
                shown = ProgressBar(total=1.0, completed=part["progress"], width=30)
            name = Text(visible(f"  {part['component_id']}/{part['instance']}"))
            grid.add_row(name, _word(part["status"]), Text(visible(part["node_id"] or "")), shown)
    return Group(grid)


def _word(word: str) -> Text:
    return Text(visible(word), style=COLOURS.get(word, BUSY))

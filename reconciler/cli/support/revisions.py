"""How revisions of a business differ."""

import re
import sys
from typing import Any

from reconciler.cli.render.plan import shown
from reconciler.cli.render.tables import console, machine, plain
from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client
from reconciler.cli.support.errors import CliError

REVISION = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)@([0-9]{1,9})")


def revision_of(word: str) -> tuple[str, int] | None:
    """Read `shop@3` as a business and the number of a revision; None for other words."""
    match = REVISION.fullmatch(word)
    return (match[1], int(match[2])) if match else None


def compare(client: Client, words: tuple[str, ...], output: str) -> None:
    """Show how two revisions of a business differ, or one and the newest; ends the program as diff(1) does."""
    named = [revision_of(word) for word in words]
    if len(words) > 2 or None in named or len({name for name, _ in filter(None, named)}) != 1:
        raise CliError("two revisions of one business can be compared: reconciler diff shop@3 shop@7")
    (business_id, first), *others = filter(None, named)
    to = others[0][1] if others else None
    found = client.get(f"/api/businesses/{business_id}/compare", **{"from": first, "to": to})
    if output == "markdown" or not machine(found, output):
        if not found["changes"]:
            say(f"Revisions {found['from']} and {found['to']} of {business_id} say the same.")
        else:
            console().print(f"[bold]{plain(business_id)}[/] revision {found['from']} → {found['to']}")
        show_changes(found["changes"], len(found["changes"]))
    sys.exit(1 if found["changes"] else 0)


def show_changes(changes: list[dict[str, Any]], most: int) -> None:
    """Print changed fields, at most `most` of them."""
    for change in changes[:most]:
        console().print(
            f"      {plain(change['field'])}: {plain(shown(change['old']))} → {plain(shown(change['new']))}"
        )
    if len(changes) > most:
        console().print(f"      [dim]and {len(changes) - most} more: -o json has all[/]")

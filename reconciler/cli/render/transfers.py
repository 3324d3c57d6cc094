"""For people: what a plan's actions fetch, and what the plan could not know."""

from collections.abc import Iterator
from typing import Any

from reconciler.cli.render.tables import plain

Form = dict[str, Any]

NAMED = 3
"""So many instances of an unknown are named."""


def fetches_of(plan: Form) -> dict[tuple[str, str], str]:
    """What each action fetches, in words with markup, by instance and node; nothing for an image that is there."""
    return {where: f"[{style}]{plain(words)}[/]" for where, (words, style) in fetched(plan).items()}


def fetched(plan: Form) -> dict[tuple[str, str], tuple[str, str]]:
    """What each action fetches, in words and their style, by instance and node; nothing for an image that is there."""
    found = {(fetch["instance"], fetch["node_id"]): _fetch(fetch) for fetch in plan.get("fetches") or ()}
    return {where: words for where, words in found.items() if words is not None}


def downloads(plan: Form) -> Iterator[str]:
    """What each node gets in all, where that is more than one image."""
    for node in plan.get("downloads") or ():
        if node["images"] > 1:
            unsized = node["of_unknown_size"]
            sizes = [megabytes(node["size_mb"])] if unsized < node["images"] else []
            sizes += [f"{unsized} of unknown size"] if unsized else []
            yield f"{node['node_id']} gets {node['images']} images: {' and '.join(sizes)}."


def unknowns(plan: Form) -> Iterator[tuple[str, str]]:
    """What is not known, with its age; and the instances that it matters to."""
    for unknown in plan.get("unknowns") or ():
        names = unknown["instances"]
        whom = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        node = f"{unknown['node_id']}: " if unknown["node_id"] else ""
        age = f", {spell(unknown['age_seconds'])} ago" if unknown["age_seconds"] is not None else ""
        yield node + unknown["what"] + age, whom


def fact_lines(plan: Form) -> Iterator[str]:
    """What is not known, then what each node gets, with markup."""
    for what, whom in unknowns(plan):
        yield f"[yellow]?[/] not known: {plain(what)}  [dim]({plain(whom)})[/]"
    for line in downloads(plan):
        yield f"[dim]{plain(line)}[/]"


def megabytes(size: int) -> str:
    """MiB as people read them."""
    return f"{size} MB" if size < 1024 else f"{size / 1024:.1f} GB"


def spell(seconds: float) -> str:
    """An age as people say it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _fetch(fetch: Form) -> tuple[str, str] | None:
    image, free = fetch["image"], fetch["disk_free_mb"]
    if fetch["present"]:
        return (f"asks for {image} anew", "dim") if fetch["pull_policy"] == "always" else None
    if fetch["pull_policy"] == "never":
        return (f"needs {image} there: pull_policy is never", "red") if fetch["present"] is False else None
    size = "size unknown" if fetch["size_mb"] is None else megabytes(fetch["size_mb"])
    room = "free disk unknown" if free is None else f"{megabytes(free)} free"
    verb = {"pull": "pulls", "load": "loads"}[fetch["how"]]
    if fetch["present"] is None:
        verb = f"{verb}, if missing,"
    words = f"{verb} {image} ({size}; {room})"
    return (f"{words}: not enough disk", "red") if fetch["disk_suffices"] is False else (words, "cyan")

"""For people: what a plan's actions fetch, and what the plan could not know."""

from collections.abc import Iterator

from reconciler.cli.render.tables import plain
from reconciler.cli.render.text import some_of
from reconciler.plan.show.fields import FetchFields, PreviewDocument

NAMED_MAX = 3
"""So many instances of an unknown are named."""

VERBS = {"pull": "pulls", "load": "loads"}


def fetches_of(plan: PreviewDocument) -> dict[tuple[str, str], str]:
    """Say what each action fetches, with markup, by instance and node; nothing for an image that is there."""
    return {where: f"[{style}]{plain(words)}[/]" for where, (words, style) in fetched(plan).items()}


def fetched(plan: PreviewDocument) -> dict[tuple[str, str], tuple[str, str]]:
    """Say what each action fetches, and in which style, by instance and node; nothing for an image that is there."""
    found = {(fetch.instance, fetch.node_id): _fetch(fetch) for fetch in plan.fetches}
    return {where: words for where, words in found.items() if words is not None}


def downloads(plan: PreviewDocument) -> Iterator[str]:
    """Say what each node gets in all, where that is more than one image."""
    for node in plan.downloads:
        if node.images > 1:
            unsized = node.of_unknown_size
            sizes = [megabytes(node.size_mb)] if unsized < node.images else []
            sizes += [f"{unsized} of unknown size"] if unsized else []
            yield f"{node.node_id} gets {node.images} images: {' and '.join(sizes)}."


def unknowns(plan: PreviewDocument) -> Iterator[tuple[str, str]]:
    """Say what is not known, with its age, and to which instances it matters."""
    for unknown in plan.unknowns:
        names = unknown.instances
        whom = some_of(names, NAMED_MAX)
        node = f"{unknown.node_id}: " if unknown.node_id else ""
        age = f", {spell(unknown.age_seconds)} ago" if unknown.age_seconds is not None else ""
        yield node + unknown.what + age, whom


def transfer_lines(plan: PreviewDocument) -> Iterator[str]:
    """Write what is not known, then what each node gets, as lines with markup."""
    for what, whom in unknowns(plan):
        yield f"[yellow]?[/] not known: {plain(what)}  [dim]({plain(whom)})[/]"
    for line in downloads(plan):
        yield f"[dim]{plain(line)}[/]"


def megabytes(size: int) -> str:
    """Write MiB as people read them."""
    return f"{size} MB" if size < 1024 else f"{size / 1024:.1f} GB"


def spell(seconds: float) -> str:
    """Write an age as people say it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _fetch(fetch: FetchFields) -> tuple[str, str] | None:
    if fetch.present:
        return (f"asks for {fetch.image} anew", "dim") if fetch.pull_policy == "always" else None
    if fetch.pull_policy == "never":
        words = f"needs {fetch.image} there: pull_policy is never"
        return (words, "red") if fetch.present is False else None
    verb = VERBS[fetch.how] + (", if missing," if fetch.present is None else "")
    words = f"{verb} {fetch.image} ({_sizes(fetch)})"
    return (f"{words}: not enough disk", "red") if fetch.disk_suffices is False else (words, "cyan")


def _sizes(fetch: FetchFields) -> str:
    size = "size unknown" if fetch.size_mb is None else megabytes(fetch.size_mb)
    room = "free disk unknown" if fetch.disk_free_mb is None else f"{megabytes(fetch.disk_free_mb)} free"
    return f"{size}; {room}"

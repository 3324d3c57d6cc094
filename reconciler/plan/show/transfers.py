"""What stands beside a plan's document: the bytes its actions fetch, and what it could not know.

Both change from one minute to the next while what is done stays the same, so neither is part of the plan's hash.
"""

from collections import defaultdict
from typing import Any

from reconciler.manifest.images import is_pulled
from reconciler.plan.model.plan import Action, Fetch, Plan, Unknown

Form = dict[str, Any]


def facts(plan: Plan, at: float) -> Form:
    """`fetches` of the actions, `downloads` of each node, and `unknowns` with their age at `at` (epoch seconds)."""
    needing = [(action, action.fetch) for action in plan.actions if action.fetch is not None]
    return {
        "fetches": [_fetch(action, fetch) for action, fetch in needing],
        "downloads": _downloads(needing),
        "unknowns": [_unknown(unknown, at) for unknown in plan.unknowns],
    }


def _fetch(action: Action, fetch: Fetch) -> Form:
    component = action.component
    return {
        "instance": str(action.key),
        "node_id": action.node_id,
        "image": fetch.image,
        "how": "pull" if component is None or is_pulled(component) else "load",
        "pull_policy": _policy(action),
        "size_mb": fetch.size_mb,
        "present": fetch.present,
        "disk_free_mb": fetch.disk_free_mb,
        "disk_suffices": fetch.disk_suffices,
    }


def _policy(action: Action) -> str:
    return "missing" if action.component is None else action.component.pull_policy


def _downloads(needing: list[tuple[Action, Fetch]]) -> list[Form]:
    """What each node gets in all: every image once, however many instances need it."""
    missing: dict[str, dict[str, Fetch]] = defaultdict(dict)
    for action, fetch in needing:
        if not fetch.present and _policy(action) != "never":
            missing[action.node_id][fetch.image] = fetch
    return [_download(node_id, list(images.values())) for node_id, images in sorted(missing.items())]


def _download(node_id: str, fetches: list[Fetch]) -> Form:
    verdicts = {fetch.disk_suffices for fetch in fetches}
    return {
        "node_id": node_id,
        "images": len(fetches),
        "size_mb": sum(fetch.size_mb or 0 for fetch in fetches),
        "of_unknown_size": sum(fetch.size_mb is None for fetch in fetches),
        "disk_free_mb": max((fetch.disk_free_mb for fetch in fetches if fetch.disk_free_mb is not None), default=None),
        "disk_suffices": False if False in verdicts else None if None in verdicts else True,
    }


def _unknown(unknown: Unknown, at: float) -> Form:
    return {
        "node_id": unknown.node_id or None,
        "what": unknown.what,
        "since": unknown.since,
        "age_seconds": None if unknown.since is None else round(max(at - unknown.since, 0.0), 1),
        "instances": [str(key) for key in unknown.instances],
    }

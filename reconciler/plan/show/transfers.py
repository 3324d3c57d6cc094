"""What stands beside a plan's document: the bytes its actions fetch, and what it could not know.

Both change from one minute to the next while what is done stays the same, so neither is part of the plan's hash.
"""

from collections import defaultdict
from collections.abc import Sequence

from reconciler.manifest.images import is_pulled
from reconciler.plan.model.plan import Action, Fetch, Plan, Unknown
from reconciler.plan.show.fields import DownloadFields, FetchFields, UnknownFields


def fetches(plan: Plan) -> tuple[FetchFields, ...]:
    """Write down the image that each create and update needs on its node."""
    return tuple(_fetch(action, action.fetch) for action in plan.actions if action.fetch is not None)


def downloads(plan: Plan) -> tuple[DownloadFields, ...]:
    """Add up what each node gets in all: every image once, however many instances need it."""
    missing: dict[str, dict[str, Fetch]] = defaultdict(dict)
    for action in plan.actions:
        fetch = action.fetch
        if fetch is not None and not fetch.present and _policy(action) != "never":
            missing[action.node_id][fetch.image] = fetch
    return tuple(_download(node_id, list(images.values())) for node_id, images in sorted(missing.items()))


def unknowns(plan: Plan, at: float) -> tuple[UnknownFields, ...]:
    """Write down what the plan could not know, with its age at `at` (seconds since the epoch)."""
    return tuple(_unknown(unknown, at) for unknown in plan.unknowns)


def _fetch(action: Action, fetch: Fetch) -> FetchFields:
    component = action.component
    return FetchFields(
        instance=str(action.key),
        node_id=action.node_id,
        image=fetch.image,
        how="pull" if component is None or is_pulled(component) else "load",
        pull_policy=_policy(action),
        size_mb=fetch.size_mb,
        present=fetch.present,
        disk_free_mb=fetch.disk_free_mb,
        disk_suffices=fetch.disk_suffices,
    )


def _policy(action: Action) -> str:
    return "missing" if action.component is None else action.component.pull_policy


def _download(node_id: str, missing: Sequence[Fetch]) -> DownloadFields:
    return DownloadFields(
        node_id=node_id,
        images=len(missing),
        size_mb=sum(fetch.size_mb for fetch in missing if fetch.size_mb is not None),
        of_unknown_size=sum(fetch.size_mb is None for fetch in missing),
        disk_free_mb=max((fetch.disk_free_mb for fetch in missing if fetch.disk_free_mb is not None), default=None),
        disk_suffices=_all_suffice({fetch.disk_suffices for fetch in missing}),
    )


def _all_suffice(answers: set[bool | None]) -> bool | None:
    """Combine answers: no beats not known, which beats yes."""
    return False if False in answers else None if None in answers else True


def _unknown(unknown: Unknown, at: float) -> UnknownFields:
    return UnknownFields(
        node_id=unknown.node_id or None,
        what=unknown.what,
        since=unknown.since,
        age_seconds=None if unknown.since is None else round(max(at - unknown.since, 0.0), 1),
        instances=tuple(map(str, unknown.instances)),
    )

"""What a plan could not know, so that nobody takes it for more than it is."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from reconciler.plan.model.observed import Allocation, NodeHealth
from reconciler.plan.model.plan import Action, Unknown
from reconciler.plan.schedule.fleet import Fleet
from reconciler.wire.messages import InstanceKey


def unknowns(
    fleet: Fleet, allocations: Iterable[Allocation], placements: Mapping[InstanceKey, str], actions: Iterable[Action]
) -> tuple[Unknown, ...]:
    """What is not known of silent nodes, and of what the actions fetch; nodes first, each kind sorted."""
    return (*_silent(fleet, allocations, placements), *_unsized(actions), *_unmeasured(actions))


def _silent(
    fleet: Fleet, allocations: Iterable[Allocation], placements: Mapping[InstanceKey, str]
) -> Iterator[Unknown]:
    silent = {
        node.node_id: row for row, node in enumerate(fleet.nodes) if fleet.node_health[row] is not NodeHealth.READY
    }
    if not silent:
        return
    there: dict[str, set[InstanceKey]] = defaultdict(set)
    for allocation in allocations:
        if allocation.node_id in silent:
            there[allocation.node_id].add(allocation.key)
    for key, node_id in placements.items():
        if node_id in silent:
            there[node_id].add(key)
    for node_id, keys in sorted(there.items()):
        row = silent[node_id]
        what = f"{fleet.node_health[row]}: what runs there is as it last reported"
        yield Unknown(node_id, what, fleet.nodes[row].last_seen or None, tuple(sorted(keys)))


def _unsized(actions: Iterable[Action]) -> Iterator[Unknown]:
    lacking: dict[str, set[InstanceKey]] = defaultdict(set)
    for action in actions:
        if action.fetch is not None and action.fetch.size_mb is None:
            lacking[action.fetch.image].add(action.key)
    for image, keys in sorted(lacking.items()):
        yield Unknown("", f"the size of image {image}: no node has it", None, tuple(sorted(keys)))


def _unmeasured(actions: Iterable[Action]) -> Iterator[Unknown]:
    lacking: dict[str, set[InstanceKey]] = defaultdict(set)
    for action in actions:
        if action.fetch is not None and not action.fetch.present and action.fetch.disk_free_mb is None:
            lacking[action.node_id].add(action.key)
    for node_id, keys in sorted(lacking.items()):
        yield Unknown(node_id, "does not report how much disk is free", None, tuple(sorted(keys)))

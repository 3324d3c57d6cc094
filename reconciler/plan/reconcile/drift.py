"""What somebody changed of a running instance, told from what the spec changed, and what is to be done about it.

Three ways are told apart: what the spec says now, what was applied (the agent's record, and earlier revisions), and
what is there. A field that is set back again and again is left alone in the end: something else wants it otherwise, and
a fight over it would only restart the instance for ever.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from reconciler.manifest.drift import LIVE, ignores
from reconciler.manifest.model import Component
from reconciler.plan.model.desired import DesiredBusiness
from reconciler.plan.model.observed import Allocation, Vanished
from reconciler.plan.model.plan import Change, Drifted
from reconciler.plan.model.reasons import Deviates, Reason
from reconciler.plan.model.stays import Frozen, SelfHealOff
from reconciler.plan.wants.wanted import DesiredInstance, limits_changed, new_limits
from reconciler.wire.messages import InstanceKey, Status
from reconciler.wire.reports import Drift

STATUS = "status"
"""The field of an instance that was ended by hand."""

OFF = SelfHealOff()
TEXT_LENGTH_MAX = 120
"""Longer values are cut, in characters."""
AS_WANTED_REASON = Deviates(limits=False, by_hand=False)


@dataclass(frozen=True, slots=True)
class Found:
    """A field that somebody changed, and its `fate`: whether it is ignored, or set back, or why it is `left`."""

    key: InstanceKey
    node_id: str
    drift: Drift
    ignored: bool = False
    left: Reason | None = None

    @property
    def fate(self) -> str:
        """What becomes of it, for people."""
        return "ignored" if self.ignored else "is being set back" if self.left is None else str(self.left)


@dataclass(frozen=True, slots=True)
class RunningDiff:
    """What differs of an allocation and is to be changed, and why; and what is `left` as it is.

    `heals` are the fields of `changes` that somebody changed; `live` says that what runs can be changed as it is.
    """

    reason: Reason = AS_WANTED_REASON
    changes: tuple[Change, ...] = ()
    heals: tuple[str, ...] = ()
    live: bool = False
    left: tuple[Drifted, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.changes)


AS_WANTED = RunningDiff()


def diff_running(
    entry: DesiredBusiness,
    want: DesiredInstance,
    allocation: Allocation,
    heals: Mapping[tuple[InstanceKey, str], int],
    freeze_after: int,
) -> RunningDiff:
    """How an allocation in the wanted version differs from what it should be."""
    limits = new_limits(want, allocation)
    running = allocation.confirmed and not allocation.ended
    if not limits and not (running and allocation.drift):
        return AS_WANTED
    changed = tuple(change for change in limits if not running or _was_wanted(entry, allocation, change))
    drift = tuple(
        change for change in by_hand(entry, want, allocation) if not ignores(want.component.ignore_drift, change.field)
    )
    left: tuple[Drifted, ...]
    if not entry.self_heal:
        left = (Drifted(allocation.key, allocation.node_id, drift, OFF),) if drift else ()
        healed: tuple[Change, ...] = ()
    else:
        frozen = [change for change in drift if heals.get((allocation.key, change.field), 0) >= freeze_after]
        left = tuple(
            Drifted(allocation.key, allocation.node_id, (change,), _frozen(allocation, change, heals))
            for change in frozen
        )
        healed = tuple(change for change in drift if change not in frozen)
    reason = Deviates(limits=bool(changed), by_hand=bool(healed))
    fields = tuple(change.field for change in healed)
    return RunningDiff(reason, changed + healed, fields, running and _can_live(want, allocation, fields), left)


def by_hand(entry: DesiredBusiness, want: DesiredInstance, allocation: Allocation) -> tuple[Change, ...]:
    """Every field of a running allocation in the wanted version that neither the spec nor an earlier one asks for."""
    if not allocation.confirmed or allocation.ended or allocation.digest != want.digest:
        return ()
    limits = (change for change in new_limits(want, allocation) if not _was_wanted(entry, allocation, change))
    return (*limits, *(_change(drift) for drift in allocation.drift))


def removed_by_hand(want: DesiredInstance, vanished: Vanished | None) -> Drifted | None:
    """That somebody removed an instance in the wanted version, None when nobody did."""
    if vanished is None or vanished.digest != want.digest:
        return None
    return Drifted(want.key, vanished.node_id, (Change(STATUS, "removed", Status.RUNNING.value),), OFF)


def status_drift(allocation: Allocation) -> Drifted:
    """That an instance that should run has ended, and is left so."""
    return Drifted(
        allocation.key, allocation.node_id, (Change(STATUS, allocation.status.value, Status.RUNNING.value),), OFF
    )


def found(entry: DesiredBusiness, allocations: Iterable[Allocation], left: Iterable[Drifted]) -> list[Found]:
    """Every field of these allocations of a business that somebody changed, and what becomes of it; sorted."""
    why = {(one.key, change.field): one.why_left for one in left for change in one.changes}
    components = {component.component_id: component for component in entry.business.components}
    listed = []
    for allocation in allocations:
        component = components.get(allocation.key.component_id)
        if component is None or not allocation.confirmed:
            continue
        for drift in (*_limit_drift(entry, component, allocation), *allocation.drift):
            ignored = ignores(component.ignore_drift, drift.field)
            listed.append(
                Found(allocation.key, allocation.node_id, drift, ignored, why.get((allocation.key, drift.field)))
            )
    return sorted(listed, key=lambda one: (one.key, one.node_id, one.drift.field))


def _limit_drift(entry: DesiredBusiness, component: Component, allocation: Allocation) -> Iterable[Drift]:
    for change in limits_changed(component, allocation):
        if not _was_wanted(entry, allocation, change):
            yield Drift(field=change.field, expected=change.new, actual=change.old)


def _was_wanted(entry: DesiredBusiness, allocation: Allocation, limit: Change) -> bool:
    """Whether an earlier revision asks for what a limit is: then it is the spec that has changed."""
    return any(
        limit.field not in {other.field for other in limits_changed(component, allocation)}
        for business in entry.earlier
        for component in business.components
        if component.component_id == allocation.key.component_id
    )


def _can_live(want: DesiredInstance, allocation: Allocation, heals: tuple[str, ...]) -> bool:
    """Whether no new container is needed: the Engine takes no limit away from what runs."""
    lifted = (allocation.reservation.cpu_cores > 0 and not want.shape.cpu_milli) or (
        allocation.reservation.memory_mb > 0 and not want.shape.memory_mb
    )
    return not lifted and LIVE.issuperset(heals)


def _frozen(allocation: Allocation, change: Change, heals: Mapping[tuple[InstanceKey, str], int]) -> Frozen:
    key, field = allocation.key, change.field
    return Frozen(key.business_id, key.component_id, allocation.node_id, field, heals[key, field])


def _change(drift: Drift) -> Change:
    """The drift as a change from what is to what should be; where both look the same, it says that they differ."""
    old, new = text_of(drift.actual), text_of(drift.expected)
    return Change(drift.field, f"{old} (changed)" if old == new else old, new)


def text_of(value: str | None) -> str | None:
    """The JSON of a value as short text on one line; None stays None."""
    if value is None:
        return None
    try:
        plain: Any = msgspec.json.decode(value)
    except msgspec.MsgspecError:
        plain = value
    text = plain.replace("\n", "\\n") if isinstance(plain, str) else value
    return text if len(text) <= TEXT_LENGTH_MAX else text[: TEXT_LENGTH_MAX - 1] + "…"

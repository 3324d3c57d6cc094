"""Saved plans: what was shown is carried out to the letter later, or refused with the precondition that is violated."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from reconciler.manifest.model import Business
from reconciler.plan.keep.needs import Needs, needs
from reconciler.plan.keep.preconditions import Basis, Precondition, Violation, preconditions, violated
from reconciler.plan.keep.upgrade import SAVED_PLAN, SAVED_PLAN_BEFORE, earlier_hash, upgraded_saved_plan
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Allocation, Observed
from reconciler.plan.model.plan import Kind, Plan
from reconciler.plan.reconcile.planner import plan
from reconciler.plan.show.document import document, preview_document
from reconciler.plan.show.fields import ActionFields, PreviewDocument
from reconciler.plan.show.format import format_of
from reconciler.plan.show.hash import plan_hash
from reconciler.wire.messages import Status, reservation_of

Form = dict[str, Any]

SAME = (
    *("kind", "business_id", "component_id", "instance", "node_id"),
    *("gpu_devices", "host_ports", "digest", "old_digest", "changes"),
)
"""What of an action must be as it was shown."""

ANEW = "make a new one with `reconciler diff PATH --out FILE`"


class SavedPlanError(Exception):
    """Something is no saved plan that can be carried out; it says why, and what to do."""


class SavedPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan that was shown, the specs it is for, and what it relies on. The file holds whatever secrets they hold."""

    format: str = str(SAVED_PLAN)
    hash: str
    document: PreviewDocument
    needs: Needs
    preconditions: tuple[Precondition, ...]
    businesses: tuple[Form, ...] = ()

    def actions(self) -> list[ActionFields]:
        """List the actions for its businesses, in order."""
        return [one for one in self.document.actions if one.business_id in self.needs.businesses]


def save(basis: Basis, planned: Plan, after: Desired, businesses: Iterable[str]) -> SavedPlan:
    """Make what to save of a plan for these businesses, without their specs."""
    asked = needs(planned, after, basis.observed, tuple(businesses))
    shown = preview_document(planned, after, basis.now)
    found = tuple(one.weakened() for one in preconditions(basis, asked))
    return SavedPlan(hash=shown.hash, document=shown, needs=asked, preconditions=found)


def read_saved(form: Any) -> SavedPlan:
    """Read a saved plan, also one of the version before, that is whole: as its hash says. Raises SavedPlanError."""
    found = format_of(form)
    if found not in (SAVED_PLAN, SAVED_PLAN_BEFORE):
        raise SavedPlanError(f"the format {found or 'none'} is not known here: {SAVED_PLAN} is: {ANEW}")
    is_earlier = found == SAVED_PLAN_BEFORE
    try:
        saved = msgspec.convert(upgraded_saved_plan(form) if is_earlier else form, SavedPlan)
    except msgspec.ValidationError as error:
        raise SavedPlanError(f"is no saved plan: {error}: {ANEW}") from None
    whole = earlier_hash(form["document"]) if is_earlier else plan_hash(saved.document)
    if not saved.hash == saved.document.hash == whole:
        raise SavedPlanError(f"the plan is not the one of its hash: the file was changed: {ANEW}")
    return saved


def violations(saved: SavedPlan, basis: Basis) -> list[Violation]:
    """List the preconditions that no longer hold."""
    return violated(saved.preconditions, preconditions(basis, saved.needs))


def assigned(saved: SavedPlan, businesses: Mapping[str, Business], basis: Basis) -> tuple[Allocation, ...]:
    """Make the allocations to write down so that every create of the plan goes where it says.

    They are as planning today would have them, on the saved nodes and devices; versions are given elsewhere.
    """
    there = {(allocation.key, allocation.node_id) for allocation in basis.observed.allocations}
    creates = [one for one in saved.actions() if one.kind is Kind.CREATE and (one.key, one.node_id) not in there]
    components = {
        (business_id, part.component_id): part
        for business_id, business in businesses.items()
        for part in business.components
    }
    return tuple(
        Allocation(
            create.key,
            create.node_id,
            Status.PENDING,
            create.digest or "",
            0,
            reservation_of(components[create.business_id, create.component_id], create.gpu_devices),
            confirmed=False,
            since=basis.now,
        )
        for create in creates
        if (create.business_id, create.component_id) in components
    )


def deviations(saved: SavedPlan, after: Desired, allocations: Sequence[Allocation], basis: Basis) -> list[Violation]:
    """Say how the plan on the state with specs and places written down is another than the saved one."""
    newest = max((allocation.version for allocation in basis.observed.allocations), default=0)
    new = tuple(replace(allocation, version=newest + number) for number, allocation in enumerate(allocations, 1))
    observed = Observed(basis.observed.nodes, (*basis.observed.allocations, *new))
    found = document(plan(after, observed, basis.policy, basis.now), after)
    today = [one for one in found.actions if one.business_id in saved.needs.businesses]
    then, now = {_same(one): one for one in saved.actions()}, {_same(one): one for one in today}
    wrong = [Violation(_name(one), "is no longer to be done") for same, one in then.items() if same not in now]
    wrong += [
        Violation(_name(one), "would be done now and was not in the plan")
        for same, one in now.items()
        if same not in then
    ]
    return wrong or ([] if [*then] == [*now] else [Violation("actions", "would be done in another order")])


def _same(action: ActionFields) -> tuple[object, ...]:
    return tuple(getattr(action, name) for name in SAME)


def _name(action: ActionFields) -> str:
    return f"{action.kind} {action.key} on {action.node_id}"

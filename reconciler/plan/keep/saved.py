"""Saved plans: what was shown is carried out to the letter later, or refused with the fact that moved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from reconciler.manifest.model import Business
from reconciler.plan.keep.preconditions import Basis, Fact, Needs, facts, moved, needs
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Allocation, Observed
from reconciler.plan.model.plan import Kind, Plan
from reconciler.plan.reconcile.planner import plan
from reconciler.plan.show.document import document
from reconciler.plan.show.hash import plan_hash
from reconciler.plan.show.transfers import facts as facts_beside
from reconciler.wire.messages import InstanceKey, Status, reservation_of

FORMAT = "reconciler.saved-plan/1"

Form = dict[str, Any]

SAME = (
    *("kind", "business_id", "component_id", "instance", "node_id"),
    *("gpu_devices", "host_ports", "digest", "old_digest", "changes"),
)
"""What of an action must be as it was shown."""


class SavedPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan that was shown, the specs it is for, and what it relies on. The file holds whatever secrets they hold."""

    format: str = FORMAT
    hash: str
    document: Form
    needs: Needs
    facts: tuple[Fact, ...]
    businesses: tuple[Form, ...] = ()

    def actions(self) -> list[Form]:
        """The actions for its businesses, in order."""
        return [one for one in self.document["actions"] if one["business_id"] in self.needs.businesses]

    @property
    def is_whole(self) -> bool:
        """Whether the plan is the one its hash says."""
        return self.document.get("hash") == self.hash and plan_hash(self.document) == self.hash


def save(basis: Basis, planned: Plan, after: Desired, businesses: Iterable[str]) -> SavedPlan:
    """What to save of a plan for these businesses, without their specs."""
    asked = needs(planned, after, basis.observed, tuple(businesses))
    form = document(planned, after) | facts_beside(planned, basis.now)
    found = tuple(fact.relaxed() for fact in facts(basis, asked))
    return SavedPlan(hash=form["hash"], document=form, needs=asked, facts=found)


def departed(saved: SavedPlan, basis: Basis) -> list[tuple[str, str]]:
    """The facts that moved since the plan was made: where, and what became of it."""
    return moved(saved.facts, facts(basis, saved.needs))


def assigned(
    saved: SavedPlan, businesses: Mapping[str, Business], basis: Basis, after: Desired
) -> tuple[Allocation, ...]:
    """The copies to write down so that every create of the plan goes where it says. Versions are given elsewhere.

    Copies are as planning today would have them, on the saved nodes and devices. `after` is the desired state with
    `businesses` accepted.
    """
    there = {(allocation.key, allocation.node_id) for allocation in basis.observed.allocations}
    found = []
    for form in saved.actions():
        key = InstanceKey(form["business_id"], form["component_id"], form["instance"])
        business = businesses.get(key.business_id)
        if form["kind"] != Kind.CREATE or business is None or (key, form["node_id"]) in there:
            continue
        part = next((one for one in business.components if one.component_id == key.component_id), None)
        if part is not None:
            devices = tuple(form["gpu_devices"])
            reservation = reservation_of(part, devices)
            found.append(
                Allocation(
                    key,
                    form["node_id"],
                    Status.PENDING,
                    form["digest"],
                    0,
                    reservation,
                    confirmed=False,
                    since=basis.now,
                )
            )
    return tuple(found)


def differs(saved: SavedPlan, after: Desired, allocations: Sequence[Allocation], basis: Basis) -> list[tuple[str, str]]:
    """How the plan on the state with specs and places written down is another than the saved one."""
    newest = max((allocation.version for allocation in basis.observed.allocations), default=0)
    new = tuple(replace(allocation, version=newest + number) for number, allocation in enumerate(allocations, 1))
    observed = Observed(basis.observed.nodes, (*basis.observed.allocations, *new))
    found = document(plan(after, observed, basis.policy, basis.now), after)
    today = [one for one in found["actions"] if one["business_id"] in saved.needs.businesses]
    then, now = [_same(one) for one in saved.actions()], [_same(one) for one in today]
    wrong = [(_name(one), "is no longer to be done") for one in then if one not in now]
    wrong += [(_name(one), "would be done now and was not in the plan") for one in now if one not in then]
    return wrong or ([("actions", "would be done in another order")] if then != now else [])


def _same(form: Form) -> Form:
    return {name: form.get(name) for name in SAME}


def _name(form: Form) -> str:
    name = f"{form['business_id']}/{form['component_id']}/{form['instance']}"
    return f"{form['kind']} {name} on {form['node_id']}"

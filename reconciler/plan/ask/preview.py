"""What would happen if specs were accepted: the planner's input as it would be, and its plan. Nothing is stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reconciler.manifest.errors import Problem, SpecError
from reconciler.manifest.model import Business
from reconciler.manifest.secrets.seal import sealed_business
from reconciler.plan.ask.suppose import NOTHING_SUPPOSED, Suppose, mistakes, supposed
from reconciler.plan.keep.state import State
from reconciler.plan.model.desired import API, Desired, DesiredBusiness
from reconciler.plan.model.plan import Plan


@dataclass(frozen=True, slots=True)
class Previewed:
    """A state as it would be, and its plan."""

    state: State
    plan: Plan


def preview(
    state: State, businesses: Sequence[Business] | None = None, prune: bool = False, suppose: Suppose = NOTHING_SUPPOSED
) -> Previewed:
    """Plan as if these businesses were accepted (None: nothing is), without secrets.

    With `prune`, businesses that come from files and are not among them would go. `suppose` is what else would be so.
    Raises SpecError when it names what is not there.
    """
    state = state.sealed()
    desired = state.desired
    if businesses is not None:
        named = {business.business_id for business in businesses}
        known = desired.businesses
        gone = [key for key, entry in known.items() if prune and entry.source != API and key not in named]
        sources = {key: entry.source for key, entry in known.items()}
        pairs = ((sealed_business(one), sources.get(one.business_id, API)) for one in businesses)
        desired = overlay(desired, pairs, gone)
    problems = [Problem("body", None, "suppose", wrong) for wrong in mistakes(suppose, desired, state.observed)]
    if problems:
        raise SpecError(problems)
    desired, observed = supposed(suppose, desired, state.observed, state.now)
    found = replace(state, desired=desired, observed=observed)
    return Previewed(found, found.plan())


def overlay(desired: Desired, accepted: Iterable[tuple[Business, str]], gone: Iterable[str] = ()) -> Desired:
    """Accept these (business, source) in a desired state and remove the ids `gone`."""
    gone = set(gone)
    left = desired.removed | {key: entry.business for key, entry in desired.businesses.items() if key in gone}
    businesses = {key: entry for key, entry in desired.businesses.items() if key not in gone}
    for business, source in accepted:
        known = businesses.get(business.business_id)
        if known is None:
            businesses[business.business_id] = DesiredBusiness(business, source=source)
        elif known.business != business:
            earlier = (known.business, *known.earlier)
            businesses[business.business_id] = replace(
                known,
                business=business,
                source=source,
                revision=known.revision + 1,
                earlier=earlier,
                commit=None,
                pinned=None,
            )
    removed = {key: business for key, business in left.items() if key not in businesses}
    return replace(desired, businesses=businesses, removed=removed)

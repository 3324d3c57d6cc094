"""Everything that a plan depends on, as one value that can be written down and read back.

A manager's state at one moment, in a file, plans anywhere as it did there: `snapshot`, `diff --state` and the kept
decisions are made of it. What is written down holds no secret: specs are sealed (`reconciler.manifest.secrets.seal`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from reconciler.manifest.errors import Problem, SpecError
from reconciler.manifest.memo import Memo
from reconciler.manifest.model import Business
from reconciler.manifest.secrets.redact import without_password
from reconciler.manifest.secrets.seal import sealed_business
from reconciler.plan.ask.suppose import NOTHING_SUPPOSED, Suppose, mistakes, supposed
from reconciler.plan.keep.forms import form_of, value_of
from reconciler.plan.keep.upgrade import STATE, STATE_BEFORE, upgraded_state
from reconciler.plan.model.desired import Desired, DesiredBusiness
from reconciler.plan.model.observed import Allocation, Node, Observed
from reconciler.plan.model.plan import Plan
from reconciler.plan.model.policy import Policy
from reconciler.plan.reconcile.planner import plan
from reconciler.plan.show.document import document
from reconciler.plan.show.fields import PlanDocument
from reconciler.plan.show.format import format_of

API = "api"
"""The source of a business that comes from no file."""

APART = ("businesses", "removed", "nodes", "allocations")
"""What of the desired and observed state is written one by one."""

MESSAGE_LETTERS_MAX = 300
SNAPSHOT = "reconciler snapshot"

Form = dict[str, Any]


class StateError(Exception):
    """A text is no state; it says why, and what to do."""


@dataclass(frozen=True, slots=True)
class State:
    """Desired and observed state, the policy, and the time of the plan (seconds since the epoch)."""

    desired: Desired
    observed: Observed
    policy: Policy = Policy()
    now: float = 0.0

    def sealed(self) -> "State":
        """The state without its secrets; its plan has the same document."""
        return replace(self, desired=sealed_desired(self.desired), observed=_sealed_observed(self.observed))

    def plan(self) -> Plan:
        """The plan."""
        return plan(self.desired, self.observed, self.policy, self.now)

    def document(self) -> PlanDocument:
        """The plan's public form."""
        return document(self.plan(), self.desired)


@dataclass(frozen=True, slots=True)
class Previewed:
    """A state as it would be, and its plan."""

    state: State
    plan: Plan


def preview(
    state: State, businesses: Sequence[Business] | None = None, prune: bool = False, suppose: Suppose = NOTHING_SUPPOSED
) -> Previewed:
    """What would happen if these businesses were accepted (None: nothing is), without secrets.

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
    """Desired state with these (business, source) accepted and the ids `gone` removed; nothing is stored."""
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


def sealed_desired(desired: Desired) -> Desired:
    """Desired state without secrets."""
    return replace(
        desired,
        businesses={key: sealed_entry(entry) for key, entry in desired.businesses.items()},
        removed={key: sealed_business(business) for key, business in desired.removed.items()},
    )


def _seal_entry(entry: DesiredBusiness) -> DesiredBusiness:
    return replace(
        entry,
        business=sealed_business(entry.business),
        earlier=tuple(map(sealed_business, entry.earlier)),
        verdicts={
            name: replace(verdict, reason=without_password(verdict.reason)) for name, verdict in entry.verdicts.items()
        },
    )


sealed_entry: Memo[DesiredBusiness, DesiredBusiness] = Memo(_seal_entry)
"""An accepted business without its secrets."""


def _sealed_observed(observed: Observed) -> Observed:
    allocations = tuple(
        replace(allocation, message=without_password(allocation.message)) if "://" in allocation.message else allocation
        for allocation in observed.allocations
    )
    return replace(observed, allocations=allocations)


def to_json(state: State, made: object = None) -> bytes:
    """Write the state as canonical JSON: the same state gives the same bytes. Its specs are sealed.

    `made` may stand beside it: what was decided by it, and by which version.
    """
    sealed = state.sealed()
    form = {
        "format": str(STATE),
        "now": sealed.now,
        "policy": form_of(sealed.policy),
        "businesses": [form_of(entry) for _, entry in sorted(sealed.desired.businesses.items())],
        "removed": [business for _, business in sorted(sealed.desired.removed.items())],
        "desired": form_of(sealed.desired, APART),
        "nodes": [form_of(node) for _, node in sorted(sealed.observed.nodes.items())],
        "allocations": [
            form_of(allocation)
            for allocation in sorted(
                sealed.observed.allocations, key=lambda allocation: (allocation.key, allocation.node_id)
            )
        ],
        "observed": form_of(sealed.observed, APART),
    }
    return encoded(form | ({"made": made} if made else {}))


def encoded(form: Form) -> bytes:
    """Write a state's form as canonical JSON."""
    return msgspec.json.encode(form, order="sorted")


def from_json(data: bytes, name: str = "the state") -> State:
    """Read what `to_json` wrote, also in the version before; `name` is the file's, for errors. Raises StateError."""
    return from_form(decoded(data, name), name)


def decoded(data: bytes, name: str, written: str = SNAPSHOT) -> Form:
    """Decode the JSON of a state, which the command `written` writes, to the names of today. Raises StateError."""
    try:
        form = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StateError(f"{name} is no JSON: {short(error)}: write it with `{written}`") from None
    found = format_of(form)
    if found not in (STATE, STATE_BEFORE):
        of = f"its format is {short(found)}" if found else "it has no format"
        raise StateError(f"{name} is no state that this version reads: {of}, not {STATE}: write it with `{written}`")
    current: Form = form if found == STATE else upgraded_state(form)
    return current


def from_form(form: Form, name: str = "the state", written: str = SNAPSHOT) -> State:
    """Read the state in decoded JSON, which the command `written` writes. Raises StateError."""
    try:
        read = msgspec.convert(form, _Written)
        entries = [value_of(DesiredBusiness, entry) for entry in read.businesses]
        nodes = [value_of(Node, node) for node in read.nodes]
        return State(
            value_of(
                Desired,
                read.desired,
                businesses={entry.business.business_id: entry for entry in entries},
                removed={business.business_id: business for business in read.removed},
            ),
            value_of(
                Observed,
                read.observed,
                nodes={node.node_id: node for node in nodes},
                allocations=tuple(value_of(Allocation, allocation) for allocation in read.allocations),
            ),
            value_of(Policy, read.policy),
            read.now,
        )
    except (msgspec.ValidationError, RecursionError) as error:
        raise StateError(f"{name} is damaged: {short(error)}: write it anew with `{written}`") from None


class _Written(msgspec.Struct):
    """What a state's text holds."""

    now: float
    policy: Form
    businesses: list[Form]
    removed: list[Business]
    nodes: list[Form]
    allocations: list[Form]
    desired: Form = {}
    observed: Form = {}


def short(text: object) -> str:
    """A foreign text, no longer than what fits into a message."""
    shown = str(text)
    return shown if len(shown) <= MESSAGE_LETTERS_MAX else shown[: MESSAGE_LETTERS_MAX - 1] + "…"

"""A state as JSON: what `snapshot` prints, `diff --state` reads, and kept decisions are put together to.

The same state gives the same bytes. States of the version before are read by their old names.
"""

from typing import Any

import msgspec

from reconciler.manifest.model import Business
from reconciler.plan.keep.forms import form_of, value_of
from reconciler.plan.keep.state import State
from reconciler.plan.keep.upgrade import STATE, STATE_BEFORE, upgraded_state
from reconciler.plan.model.desired import Desired, DesiredBusiness
from reconciler.plan.model.observed import Allocation, Node, Observed
from reconciler.plan.model.policy import Policy
from reconciler.plan.show.format import format_of

APART = ("businesses", "removed", "nodes", "allocations")
"""What of the desired and observed state is written one by one."""

MESSAGE_LETTERS_MAX = 300
SNAPSHOT = "reconciler snapshot"

Form = dict[str, Any]


class StateError(Exception):
    """A text is no state; it says why, and what to do."""


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
    if found is None or found.name != STATE.name:
        of = f"its format is {short(found)}" if found else "it has no format"
        raise StateError(f"{name} is no state of a manager: {of}, not {STATE}: write it with `{written}`")
    if found not in (STATE, STATE_BEFORE):
        read = f"this version reads {STATE} and {STATE_BEFORE}"
        raise StateError(
            f"{name} is a state of the format {found}, and {read}: write it with `{written}` of this version"
        )
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

"""What was decided, beside what this version decides of the same state."""

from dataclasses import dataclass
from typing import Any

import msgspec

from reconciler.plan.keep.state import State, StateError, decoded, from_form, short
from reconciler.plan.keep.upgrade import upgraded_decision
from reconciler.plan.show.document import Form
from reconciler.plan.show.hash import plan_hash

DECIDED = ("hash", "actions", "pending", "drifted")
"""What is kept of a plan's document: the rest follows from the state, and the hash covers it."""

NOTHING = "nothing"
WRITTEN = "reconciler replay PLAN --out FILE"
"""What writes a decision to a file."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What was decided about an instance on a node ("" for none), and what is decided now."""

    instance: str
    node_id: str
    then: str
    now: str

    def __str__(self) -> str:
        """`shop/web/0 on a: create, not running yet → nothing`."""
        where = f" on {self.node_id}" if self.node_id else ""
        return f"{self.instance}{where}: {self.then} → {self.now}"


@dataclass(frozen=True, slots=True)
class Replay:
    """A plan made anew: its document, whether it is what was decided to the byte, and what differs."""

    document: Form
    equal: bool
    differences: tuple[Difference, ...]


def decided(document: Form, version: str) -> Form:
    """What a kept state tells of the plan that was made of it, and the version that made it."""
    return {"version": version} | {name: document[name] for name in DECIDED}


def read_decided(data: bytes, name: str = "the state") -> tuple[State, Form]:
    """Read a kept decision: the state that it was made of, and what was decided. Raises StateError."""
    form = decoded(data, name, WRITTEN)
    state = from_form(form, name, WRITTEN)
    made = upgraded_decision(form.get("made"))
    if made is None:
        raise StateError(f"{name} says nothing of what was decided: write it with `{WRITTEN}`")
    try:
        msgspec.convert(made, _Made)
    except msgspec.ValidationError as error:
        raise StateError(f"{name} is damaged: made: {short(error)}: write it anew with `{WRITTEN}`") from None
    return state, made


def replay(state: State, made: Form) -> Replay:
    """Plan anew, and compare with what was decided."""
    document = state.document()
    then, now = _told(made), _told(document)
    differences = [
        Difference(*about, then.get(about, NOTHING), now.get(about, NOTHING))
        for about in sorted(then.keys() | now.keys())
        if then.get(about) != now.get(about)
    ]
    return Replay(document, plan_hash(document) == made["hash"], tuple(differences))


def _told(document: Form) -> dict[tuple[str, str], str]:
    """What is decided about each instance on each node, as text."""
    found: dict[tuple[str, str], list[str]] = {}
    for action in document["actions"]:
        after = f"after {', '.join(action['waits_for'])}" if action["waits_for"] else ""
        fields = ", ".join(f"{one['field']}: {one['old']} → {one['new']}" for one in action["changes"])
        parts = (action["kind"], action["reason"], fields, action["blocked_by"], after)
        found.setdefault((_name(action), action["node_id"]), []).append(", ".join(part for part in parts if part))
    for pending in document["pending"]:
        found.setdefault((_name(pending), ""), []).append(f"waits: {pending['reason']}")
    for drifted in document["drifted"]:
        found.setdefault((_name(drifted), drifted["node_id"]), []).append(f"stays drifted: {drifted['why_left']}")
    return {about: " and ".join(texts) for about, texts in found.items()}


def _name(entry: dict[str, Any]) -> str:
    return f"{entry['business_id']}/{entry['component_id']}/{entry['instance']}"


class _About(msgspec.Struct):
    """What is decided about one instance, as far as it is compared."""

    business_id: str
    component_id: str
    instance: int


class _Changed(msgspec.Struct):
    field: str
    old: str | None
    new: str | None


class _MadeAction(_About):
    kind: str
    node_id: str
    reason: str
    changes: list[_Changed]
    waits_for: list[str]
    blocked_by: str | None


class _MadePending(_About):
    reason: str


class _MadeDrifted(_About):
    node_id: str
    why_left: str


class _Made(msgspec.Struct):
    """What a kept decision says of what was decided."""

    version: str
    hash: str
    actions: list[_MadeAction]
    pending: list[_MadePending]
    drifted: list[_MadeDrifted]

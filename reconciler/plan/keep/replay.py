"""What was decided, beside what this version decides of the same state."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from reconciler.plan.keep.state import State
from reconciler.plan.keep.state_json import StateError, decoded, from_form, short
from reconciler.plan.keep.upgrade import PLAN_BEFORE, earlier_hash, earlier_plan
from reconciler.plan.show.fields import ActionFields, DriftedFields, PendingFields, PlanDocument
from reconciler.plan.show.hash import plan_hash

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

    document: PlanDocument
    equal: bool
    differences: tuple[Difference, ...]


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a plan's document, and the version that made it: the rest follows from the state.

    `format` is that of the document, by which its hash was computed.
    """

    format: str
    version: str
    hash: str
    actions: tuple[ActionFields, ...]
    pending: tuple[PendingFields, ...]
    drifted: tuple[DriftedFields, ...]


def decided(document: PlanDocument, version: str) -> Decided:
    """Take from a plan's document what is kept beside the state that it was made of."""
    return Decided(
        format=document.format,
        version=version,
        hash=document.hash,
        actions=document.actions,
        pending=document.pending,
        drifted=document.drifted,
    )


def read_decided(data: bytes, name: str = "the state") -> tuple[State, Decided]:
    """Read a kept decision: the state that it was made of, and what was decided. Raises StateError."""
    form = decoded(data, name, WRITTEN)
    state = from_form(form, name, WRITTEN)
    if form.get("made") is None:
        raise StateError(f"{name} says nothing of what was decided: write it with `{WRITTEN}`")
    try:
        return state, msgspec.convert(form["made"], Decided)
    except msgspec.ValidationError as error:
        raise StateError(f"{name} is damaged: made: {short(error)}: write it anew with `{WRITTEN}`") from None


def replay(state: State, made: Decided) -> Replay:
    """Plan anew, and compare with what was decided."""
    document = state.document()
    then = _told(made.actions, made.pending, made.drifted)
    now = _told(document.actions, document.pending, document.drifted)
    differences = [
        Difference(*about, then.get(about, NOTHING), now.get(about, NOTHING))
        for about in sorted(then.keys() | now.keys())
        if then.get(about) != now.get(about)
    ]
    return Replay(document, _hash_in(made.format, document) == made.hash, tuple(differences))


def _hash_in(form: str, document: PlanDocument) -> str:
    """Compute the hash of a plan as it is by a format."""
    return earlier_hash(earlier_plan(document)) if form == str(PLAN_BEFORE) else plan_hash(document)


def _told(
    actions: Iterable[ActionFields], pending: Iterable[PendingFields], drifted: Iterable[DriftedFields]
) -> dict[tuple[str, str], str]:
    """Say as text what is decided about each instance on each node."""
    found: dict[tuple[str, str], list[str]] = {}
    for action in actions:
        found.setdefault((str(action.key), action.node_id), []).append(", ".join(filter(None, _parts(action))))
    for waiting in pending:
        found.setdefault((str(waiting.key), ""), []).append(f"waits: {waiting.reason}")
    for left in drifted:
        found.setdefault((str(left.key), left.node_id), []).append(f"stays drifted: {left.why_left}")
    return {about: " and ".join(texts) for about, texts in found.items()}


def _parts(action: ActionFields) -> Iterator[str]:
    yield action.kind
    yield action.reason
    yield ", ".join(f"{change.field}: {change.old} → {change.new}" for change in action.changes)
    yield action.blocked_by or ""
    yield f"after {', '.join(action.waits_for)}" if action.waits_for else ""

"""What the version before wrote, in the names of today: one small function for each of its formats.

A function gets decoded JSON that may be damaged. It renames what it knows and leaves the rest for the reader to refuse.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from reconciler.plan.show.fields import FORMAT as PLAN
from reconciler.plan.show.fields import HASHED, PlanDocument
from reconciler.plan.show.format import Format

Form = dict[str, Any]

STATE, STATE_BEFORE = Format("reconciler.state", 2), Format("reconciler.state", 1)
SAVED_PLAN, SAVED_PLAN_BEFORE = Format("reconciler.saved-plan", 2), Format("reconciler.saved-plan", 1)
PLAN_BEFORE = Format("reconciler.plan", 1)
"""Each format that is written, and the one before it that is read."""

STATE_1 = {"copies": "allocations"}
NODE_1 = {"unsteady_until": "flapping_until"}
ALLOCATION_1 = {"promise": "reservation"}
PLAN_1 = {"held": "prune_blocked"}
BUSINESS_1 = {"verdicts": "version_results"}
RESULT_1 = {"word": "outcome"}
POLICY_1 = {"limits": "blast_radius"}
ACTION_1 = {"held": "blocked_by"}
REASON_CODES: Form = {"reason_code": None}
ACTION_CODES: Form = REASON_CODES | {"blocked_by_code": None}
DRIFTED_CODES: Form = {"why_left_code": None}
SAVED_PLAN_1 = {"facts": "preconditions"}
"""The fields of earlier formats that have another name today, and the codes of reasons that there were not."""


def upgraded_state(form: Form) -> Form:
    """Rename the fields of a state, and of what was decided by it."""
    found: Form = _renamed(form, STATE_1) | {"format": str(STATE)}
    found["policy"] = _renamed(found.get("policy"), POLICY_1)
    for name, change in (
        ("businesses", upgraded_business),
        ("nodes", upgraded_node),
        ("allocations", upgraded_allocation),
    ):
        found[name] = _each(found.get(name), change)
    return found | ({"made": upgraded_decided(found["made"])} if "made" in found else {})


def upgraded_business(form: Any) -> Any:
    """Rename the fields of a business in a state of format 1, and of what became of its versions."""
    found = _renamed(form, BUSINESS_1)
    pairs = found.get("version_results") if isinstance(found, dict) else None
    return found | {"version_results": _each(pairs, _upgraded_result)} if isinstance(pairs, list) else found


def _upgraded_result(pair: Any) -> Any:
    return [pair[0], _renamed(pair[1], RESULT_1)] if isinstance(pair, list) and len(pair) == 2 else pair


def upgraded_node(form: Any) -> Any:
    """Rename the fields of a node in a state."""
    return _renamed(form, NODE_1)


def upgraded_allocation(form: Any) -> Any:
    """Rename the fields of an allocation in a state."""
    return _renamed(form, ALLOCATION_1)


def upgraded_manifest(form: Any) -> Any:
    """Rename the fields of a kept decision's manifest, and say of which format its parts are: it did not."""
    return _with(_renamed(form, STATE_1), format=str(STATE_BEFORE))


def upgraded_decided(form: Any) -> Any:
    """Rename the fields of what was decided, and say by which format its hash is: it did not."""
    return _upgraded_parts(_with(form, format=str(PLAN_BEFORE)))


def upgraded_saved_plan(form: Any) -> Any:
    """Rename the fields of a saved plan and of the document in it, which keeps its hash."""
    found = _with(_renamed(form, SAVED_PLAN_1), format=str(SAVED_PLAN))
    return found | {"document": upgraded_plan(found.get("document"))}


def upgraded_plan(form: Any) -> Any:
    """Rename the fields of a plan's document, which keeps its hash."""
    return _upgraded_parts(_with(_renamed(form, PLAN_1), format=str(PLAN)))


def earlier_plan(document: PlanDocument) -> Form:
    """Write a plan's document as the version before did, to compare it with what that one decided."""
    form: Form = msgspec.to_builtins({name: getattr(document, name) for name in HASHED})
    names = {new: old for old, new in ACTION_1.items()}
    return form | {
        "format": str(PLAN_BEFORE),
        "actions": [_renamed(_without(one, ACTION_CODES), names) for one in form["actions"]],
        "pending": [
            _without(one, REASON_CODES) | {"refusals": [_without(each, REASON_CODES) for each in one["refusals"]]}
            for one in form["pending"]
        ],
        "drifted": [_without(one, DRIFTED_CODES) for one in form["drifted"]],
    }


def earlier_hash(form: Form) -> str:
    """Compute the hash of a plan's document as the version before wrote it."""
    hashed = {name: form[name] for name in HASHED}
    text = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _upgraded_parts(form: Any) -> Any:
    if not isinstance(form, dict):
        return form
    return form | {
        "actions": _each(form.get("actions"), lambda one: _with(_renamed(one, ACTION_1), **ACTION_CODES)),
        "pending": _each(form.get("pending"), _upgraded_pending),
        "drifted": _each(form.get("drifted"), lambda one: _with(one, **DRIFTED_CODES)),
    }


def _upgraded_pending(form: Any) -> Any:
    refusals = form.get("refusals") if isinstance(form, dict) else None
    return _with(form, refusals=_each(refusals, lambda one: _with(one, **REASON_CODES)), **REASON_CODES)


def _without(form: Form, names: Collection[str]) -> Form:
    return {name: value for name, value in form.items() if name not in names}


def _renamed(form: Any, names: Mapping[str, str]) -> Any:
    return {names.get(name, name): value for name, value in form.items()} if isinstance(form, dict) else form


def _with(form: Any, **fields: Any) -> Any:
    return form | fields if isinstance(form, dict) else form


def _each(forms: Any, change: Callable[[Any], Any]) -> Any:
    return [change(form) for form in forms] if isinstance(forms, list) else forms

"""What the version before wrote, in the names of today: one small function for each format and number.

A function gets decoded JSON that may be damaged. It renames what it knows and leaves the rest for the reader to refuse.
"""

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.plan.show.format import Format

Form = dict[str, Any]

STATE = Format("reconciler.state", 2)
STATE_BEFORE = Format("reconciler.state", 1)
"""The format of states that is written, and the one before it that is read."""

STATE_1 = {"copies": "allocations"}
NODE_1 = {"unsteady_until": "flapping_until"}
ALLOCATION_1 = {"promise": "reservation"}
ACTION_1 = {"held": "blocked_by"}


def upgraded_state(form: Form) -> Form:
    """Rename the fields of a state of format 1 to those of format 2."""
    found: Form = _renamed(form, STATE_1) | {"format": str(STATE)}
    found["nodes"] = _each(found.get("nodes"), upgraded_node)
    found["allocations"] = _each(found.get("allocations"), upgraded_allocation)
    return found


def upgraded_node(form: Any) -> Any:
    """Rename the fields of a node in a state of format 1."""
    return _renamed(form, NODE_1)


def upgraded_allocation(form: Any) -> Any:
    """Rename the fields of an allocation in a state of format 1."""
    return _renamed(form, ALLOCATION_1)


def upgraded_manifest(form: Any) -> Any:
    """Rename the fields of the manifest of a kept decision, as it was before it said its format."""
    found = _renamed(form, STATE_1)
    return found | {"format": str(STATE_BEFORE)} if isinstance(found, dict) else found


def upgraded_decision(form: Any) -> Any:
    """Rename the fields of what was decided by a version that called what blocks an action `held`."""
    if not isinstance(form, dict):
        return form
    return form | {"actions": _each(form.get("actions"), lambda action: _renamed(action, ACTION_1))}


def _renamed(form: Any, names: Mapping[str, str]) -> Any:
    return {names.get(name, name): value for name, value in form.items()} if isinstance(form, dict) else form


def _each(forms: Any, change: Callable[[Any], Any]) -> Any:
    return [change(form) for form in forms] if isinstance(forms, list) else forms

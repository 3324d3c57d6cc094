"""State and health of a container in the Engine's words, the same out of a list call and out of an inspect call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HEALTHS = {"(healthy)": "healthy", "(unhealthy)": "unhealthy", "(health: starting)": "starting"}
"""How the list call of an Engine before 28 tells of a health: inside of a text for people."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A state, such as `running`, and what the Engine's healthcheck says; no health without a check.

    What an inspect call said of a container is good for as long as this stays the same.
    """

    state: str
    health: str = ""


def condition_of(listed: Mapping[str, Any]) -> Condition:
    """Read the condition of a listed container."""
    health = (listed.get("Health") or {}).get("Status")
    if health is None:
        text = listed.get("Status", "")
        health = next((word for mark, word in HEALTHS.items() if mark in text), "")
    return Condition(str(listed["State"]), "" if health == "none" else health)


def as_inspected(listed: dict[str, Any], inspected: Mapping[str, Any]) -> dict[str, Any]:
    """Return a listed container in the state that a later inspect call found, so that its details fit its state."""
    state = inspected["State"]
    if state["Status"] == listed["State"]:
        return listed
    return listed | {"State": state["Status"], "Health": {"Status": (state.get("Health") or {}).get("Status", "none")}}

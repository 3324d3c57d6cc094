"""Waiting until businesses are as desired, showing what happens meanwhile: the options for it, and the wait."""

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import click

from reconciler.cli.support.client import Client, NotFound
from reconciler.cli.support.errors import CliError
from reconciler.cli.support.params import Duration
from reconciler.cli.support.previews import preview_of
from reconciler.cli.support.progress import Progress

POLL_SECONDS = 0.2
FAILED_SECONDS_MAX = 10.0
"""How long a business may be failed before waiting ends: first failures often mend themselves."""
REASONS_MAX = 5
"""How many instances that do not run an error names."""

Form = dict[str, Any]
Goal = Literal["running", "stopped", "gone"]

TIMEOUT = click.option("--timeout", type=Duration(), default="5m", show_default=True, help="How long --wait waits.")


@dataclass(frozen=True, slots=True)
class Wait:
    """Whether a command waits for what it asked for, and for how many seconds at most."""

    asked: bool
    seconds: float

    def until(self, client: Client, business_ids: Sequence[str], goal: Goal) -> None:
        """Return when each business has this status; at once without --wait. Raises CliError as `wait_for` does."""
        if self.asked:
            wait_for(client, business_ids, goal, self.seconds)


def with_wait(command: Callable[..., Any]) -> Callable[..., Any]:
    """Hand the command a Wait as `wait`, made of --wait and --timeout."""

    @click.option("--wait", is_flag=True, help="Wait until it has happened; fail when it does not.")
    @TIMEOUT
    @functools.wraps(command)
    def wrapped(*args: Any, wait: bool, timeout: float, **more: Any) -> Any:
        return command(*args, wait=Wait(wait, timeout), **more)

    return wrapped


def wait_for(client: Client, business_ids: Sequence[str], goal: Goal, seconds: float) -> None:
    """Return when each business has the status `goal` ("gone": is not there any more).

    Raises CliError, naming instance and reason, when one stays failed or `seconds` have passed.
    """
    deadline = time.monotonic() + seconds
    failures = _Failures()
    with Progress() as progress:
        while True:
            found = [business for key in business_ids if (business := _get(client, key))]
            progress.show(found)
            if _reached(client, business_ids, found, goal):
                return
            now = time.monotonic()
            failed = failures.lasting(found, now)
            if failed is not None and goal == "running":
                raise CliError(f"{failed['business_id']} failed: {_reasons(failed)}")
            if now > deadline:
                raise CliError(f"not {goal} after {seconds:g} s: {_left(found, goal)}")
            time.sleep(POLL_SECONDS)


@dataclass(slots=True)
class _Failures:
    """Since when businesses are failed, by id (monotonic seconds)."""

    since: dict[str, float] = field(default_factory=dict)

    def lasting(self, found: Sequence[Form], now: float) -> Form | None:
        """Note which are failed now; a business that has been so for too long, None without one."""
        failed = {business["business_id"]: business for business in found if business["status"] == "failed"}
        self.since = {key: self.since.get(key, now) for key in failed}
        return next((failed[key] for key, since in self.since.items() if now - since > FAILED_SECONDS_MAX), None)


def _reached(client: Client, business_ids: Sequence[str], found: Sequence[Form], goal: Goal) -> bool:
    if goal == "gone":
        return not found and not _stops(client, business_ids)
    return len(found) == len(business_ids) and all(business["status"] == goal for business in found)


def _stops(client: Client, business_ids: Sequence[str]) -> bool:
    """Whether anything of these businesses is still to be stopped."""
    return any(action.business_id in business_ids for action in preview_of(client.post("/api/plan")).actions)


def _get(client: Client, business_id: str) -> Form | None:
    try:
        found: Form = client.get(f"/api/businesses/{business_id}")
    except NotFound:
        return None
    return found


def _left(found: Sequence[Form], goal: Goal) -> str:
    """The businesses that are not as wanted, and why."""
    left = [business for business in found if business["status"] != goal]
    return "; ".join(f"{item['business_id']} is {item['status']}: {_reasons(item)}" for item in left)


def _reasons(business: Form) -> str:
    """The instances that do not run, and why."""
    reasons = [
        f"{part['component_id']}/{part['instance']} {part['status']}"
        + (f" ({part['message']})" if part["message"] else "")
        for part in business["components"]
        if part["status"] != "running"
    ]
    return ", ".join(reasons[:REASONS_MAX]) or "its instances run, but not all as desired yet"

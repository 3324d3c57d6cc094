"""Kept decisions, planned anew here and compared with what was decided."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import reconciler
from reconciler.cli.render.plan import HASH_LETTERS
from reconciler.cli.render.tables import console, machine, plain
from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client
from reconciler.cli.support.errors import CliError
from reconciler.plan.keep.replay import Decided, Difference, Replay, read_decided
from reconciler.plan.keep.replay import replay as plan_anew
from reconciler.plan.keep.state_json import StateError

DIFFERENCES_MAX = 20
"""So many differences of a decision are listed; -o json has all."""
Form = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReplayedDecision:
    """A decision, and its plan made anew here; `at` is its time, in seconds since the epoch."""

    name: str
    at: float
    made: Decided
    replay: Replay


def compare_history(
    history: Iterable[ReplayedDecision], output: str, show: Callable[[int, list[ReplayedDecision]], None]
) -> bool:
    """Print which decisions differ, by `show` or for a program. True when none does."""
    count, differing = 0, []
    for past in history:
        count += 1
        if not past.replay.equal:
            differing.append(past)
    if not machine(_form(count, differing), output):
        show(count, differing)
    return not differing


def kept_decisions(client: Client) -> Iterator[ReplayedDecision]:
    """Replay the decisions that the manager keeps, newest first. Raises CliError."""
    for decision in client.get("/api/decisions"):
        path = f"/api/decisions/{decision['hash']}?id={decision['id']}"
        yield replayed(client.get_bytes(path), f"decision {decision['hash'][:HASH_LETTERS]}")


def replayed(data: bytes, name: str) -> ReplayedDecision:
    """Plan the decision in `data` anew; `name` is what messages call it. Raises CliError."""
    try:
        state, made = read_decided(data, name)
    except StateError as error:
        raise CliError(str(error)) from None
    return ReplayedDecision(name, state.now, made, plan_anew(state, made))


def _form(count: int, differing: list[ReplayedDecision]) -> Form:
    return {
        "version": reconciler.__version__,
        "replayed": count,
        "equal": count - len(differing),
        "differing": [
            {
                "name": past.name,
                "hash": past.made.hash,
                "hash_now": past.replay.document.hash,
                "at": _iso(past.at),
                "version": past.made.version,
                "differences": [
                    {"instance": one.instance, "node_id": one.node_id or None, "then": one.then, "now": one.now}
                    for one in past.replay.differences
                ],
            }
            for past in differing
        ],
    }


def show_result(past: ReplayedDecision) -> None:
    """Print whether a plan is what was decided, and if not, what differs."""
    then = f"version {past.made.version} decided at {_iso(past.at)}"
    if past.replay.equal:
        say(f"Equal, byte for byte, to what {then}: sha256 {past.made.hash}")
        return
    console().print(f"[bold]{plain(past.made.hash[:HASH_LETTERS])}[/] differs from what {plain(then)}:")
    for one in past.replay.differences[:DIFFERENCES_MAX]:
        _show_difference(one)
    left = len(past.replay.differences) - DIFFERENCES_MAX
    if left > 0:
        console().print(f"  [dim]and {left} more: -o json has all[/]")
    if not past.replay.differences:
        console().print("  the actions are the same, but not what stays where, or how they are told")


def _show_difference(one: Difference) -> None:
    where = f" on {one.node_id}" if one.node_id else ""
    console().print(f"  {plain(one.instance + where)}")
    console().print(f"    then: {plain(one.then)}")
    console().print(f"    now:  {plain(one.now)}")


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

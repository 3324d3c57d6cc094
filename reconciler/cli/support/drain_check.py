"""`node drain --check`: what a drain would do, before it does."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from reconciler.cli.render.tables import plain, table
from reconciler.cli.render.text import counted, say
from reconciler.cli.support.client import Client
from reconciler.cli.support.previews import preview_of
from reconciler.plan.model.blockers import FOR_A_PERSON, FOR_ANOTHER
from reconciler.plan.model.plan import Kind
from reconciler.plan.model.reasons import Reason
from reconciler.plan.show.fields import PlanDocument


@dataclass(slots=True)
class Drained:
    """What would become of what is on a node: where it would move, what would end, and what would stay, and why.

    `after` says of what moves which other instance has to run before, where that is so.
    """

    moves: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    stays: dict[str, str] = field(default_factory=dict)


def check_drain(client: Client, node_id: str) -> Drained:
    """Ask the manager what a drain would do. Raises CliError, NotFound when there is no such node."""
    client.get(f"/api/nodes/{node_id}")
    plan = preview_of(client.post("/api/plan", {"suppose": {"drain": [node_id]}}))
    there = {
        f"{business['business_id']}/{part['component_id']}/{part['instance']}": business["desired"]
        for business in client.get("/api/businesses")
        for part in business["components"]
        if part["node_id"] == node_id
    }
    return drained(plan, node_id, there)


def drained(plan: PlanDocument, node_id: str, there: dict[str, str]) -> Drained:
    """Sort out what a plan with the node drained does with the instances there (name → `running` or `stopped`)."""
    found = Drained()
    stuck, after = _blocked(plan, FOR_A_PERSON), _blocked(plan, FOR_ANOTHER)
    to = {str(one.key): one.node_id for one in plan.actions if one.kind is Kind.CREATE}
    ending = {str(one.key): one.reason for one in plan.actions if one.kind is Kind.STOP}
    waits = {str(one.key): one.reason for one in plan.pending}
    keeps = plan.stays.keys() | {str(one.key) for one in plan.actions if one.kind is Kind.UPDATE}
    for name, wanted in sorted(there.items()):
        if name in stuck:
            found.stays[name] = stuck[name]
        elif to.get(name, node_id) != node_id:
            found.moves[name] = to[name]
            found.after |= {name: after[name]} if name in after else {}
        elif name in ending or wanted == "stopped":
            found.ends[name] = ending.get(name, "its business is stopped")
        elif name in waits or name in keeps:
            found.stays[name] = waits.get(name, "holds its volumes there")
        else:
            found.ends[name] = "it is to go once the node reports again"
    return found


def _blocked(plan: PlanDocument, kinds: Sequence[type[Reason]]) -> dict[str, str]:
    """What blocks the actions on each instance that are blocked so."""
    codes = {kind.code for kind in kinds}
    return {str(one.key): one.blocked_by or "" for one in plan.actions if one.blocked_by_code in codes}


def show_drain(found: Drained, node_id: str) -> None:
    """Print what would become of each instance."""
    rows = [
        (plain(name), f"moves to {plain(to)}", plain(found.after.get(name, ""))) for name, to in found.moves.items()
    ]
    rows += [(plain(name), "ends", plain(why)) for name, why in found.ends.items()]
    rows += [(plain(name), "[red]stays[/]", plain(why)) for name, why in found.stays.items()]
    if rows:
        table(("INSTANCE", "", ""), rows)
    count = len(found.stays)
    left = f"{counted(count, 'instance')} would stay on {node_id}"
    say(left if count else f"{node_id} would be empty: everything has a place.")

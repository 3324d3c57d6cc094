"""`replay`: make a past plan anew."""

import sys
from pathlib import Path

import click
import msgspec

from reconciler.cli.render.plan import HASH_LETTERS, show_plan
from reconciler.cli.render.tables import machine
from reconciler.cli.render.text import counted, say
from reconciler.cli.support.client import Client
from reconciler.cli.support.decisions import (
    ReplayedDecision,
    compare_history,
    kept_decisions,
    replayed,
    show_result,
)
from reconciler.cli.support.errors import CliError, errors_exit_with
from reconciler.cli.support.options import with_client, with_output
from reconciler.cli.support.saved_plans import write_whole
from reconciler.plan.show.document import alone


@click.command()
@click.argument("plan_hash", required=False, metavar="[PLAN]")
@click.option("--all", "every", is_flag=True, help="Replay every kept decision, and count the equal hashes.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the decision, for `shadow FILE`.")
@errors_exit_with(2)
@with_client
@with_output
def replay(client: Client, plan_hash: str | None, every: bool, out: Path | None, output: str) -> None:
    """Make a past plan anew, byte for byte, of what it was made of.

    PLAN is its hash or the beginning of it, as events show it; the newest one without it. -o json prints the plan.
    Exit status: 0 equal, 1 it differs from what was decided, 2 error.
    """
    if every and (plan_hash or out):
        raise CliError("--all replays every kept decision: leave out PLAN and --out")
    if every:
        equal = compare_history(kept_decisions(client), output, _show_all)
    else:
        equal = _replay_one(client, plan_hash, out, output)
    sys.exit(0 if equal else 1)


def _replay_one(client: Client, plan_hash: str | None, out: Path | None, output: str) -> bool:
    """Replay one decision and show it. True when it is equal to what was decided."""
    data = client.get_bytes(f"/api/decisions/{_checked_hash(plan_hash) if plan_hash else _newest(client)}")
    past = replayed(data, plan_hash or "the newest decision")
    if out is not None:
        write_whole(out, data.decode())
        say(f"Decision {past.made.hash[:HASH_LETTERS]} written to {out}: reconciler shadow {out}", err=True)
    if not machine(msgspec.to_builtins(past.replay.document), output):
        show_plan(alone(past.replay.document))
        show_result(past)
    return past.replay.equal


def _newest(client: Client) -> str:
    newest = client.get("/api/decisions", limit=1)
    if not newest:
        raise CliError("the manager has decided nothing yet that is kept: apply something first")
    return str(newest[0]["hash"])


def _checked_hash(plan_hash: str) -> str:
    """Check what a user gave as a hash. Raises CliError when it is none."""
    word = plan_hash.lower()
    if len(word) > 64 or not set(word) <= set("0123456789abcdef"):
        raise CliError(f"'{plan_hash[:80]}' is no plan's hash: 'reconciler events' shows them, such as 5d0c6c5e9d2f")
    return word


def _show_all(count: int, differing: list[ReplayedDecision]) -> None:
    for past in differing:
        show_result(past)
    say(f"{counted(count, 'plan')} replayed: {count - len(differing)} equal, {len(differing)} different.")

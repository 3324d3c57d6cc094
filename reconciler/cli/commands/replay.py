"""`replay` and `shadow`: past decisions made anew, of all that they were made of."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

import reconciler
from reconciler.cli.commands.snapshot import read_file
from reconciler.cli.render.plan import HASH_LETTERS, show_plan
from reconciler.cli.render.tables import console, machine, plain
from reconciler.cli.support.client import Client
from reconciler.cli.support.errors import CliError
from reconciler.cli.support.options import with_client, with_output
from reconciler.cli.support.saved_plans import write_whole
from reconciler.plan.keep.replay import Difference, Replay, read_decided
from reconciler.plan.keep.replay import replay as plan_anew
from reconciler.plan.keep.state import StateError

MOST_DIFFERENCES = 20
"""So many differences of a decision are listed; -o json has all."""

Form = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Past:
    """A decision, and its plan made anew here; `at` is its time, in seconds since the epoch."""

    name: str
    at: float
    made: Form
    replay: Replay


@click.command()
@click.argument("plan_hash", required=False, metavar="[PLAN]")
@click.option("--all", "every", is_flag=True, help="Replay every kept decision, and count the equal hashes.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the decision, for `shadow FILE`.")
@with_client
@with_output
def replay(client: Client, plan_hash: str | None, every: bool, out: Path | None, output: str) -> None:
    """Make a past plan anew, byte for byte, of what it was made of.

    PLAN is its hash or the beginning of it, as events show it; the newest one without it. -o json prints the plan.
    Exit status: 0 equal, 1 it differs from what was decided, 2 error.
    """
    with _errors():
        if every and (plan_hash or out):
            raise CliError("--all replays every kept decision: leave out PLAN and --out")
        equal = _compare(_kept(client), output, _show_all) if every else _replay_one(client, plan_hash, out, output)
    sys.exit(0 if equal else 1)


@click.command()
@click.argument("paths", nargs=-1, metavar="[STATE...]", type=click.Path(path_type=Path))
@with_client
@with_output
def shadow(client: Client, paths: tuple[Path, ...], output: str) -> None:
    """Plan stored history with this version, and list the decisions that differ from those that were made.

    STATE is a file that `replay PLAN --out FILE` wrote, or a folder of such; without any, what the manager keeps. Use
    it before an upgrade: run the new version's `shadow` against the old one's history. Exit status: 0 none differs,
    1 some do, 2 error.
    """
    with _errors():
        equal = _compare(_written(paths) if paths else _kept(client), output, _show_differing)
    sys.exit(0 if equal else 1)


class _errors:  # noqa: N801
    """Errors end these commands with status 2."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, CliError):
            error.show()
            sys.exit(2)


def _replay_one(client: Client, plan_hash: str | None, out: Path | None, output: str) -> bool:
    """Replay one decision and show it; whether it is equal."""
    data = client.get_bytes(f"/api/decisions/{_word(plan_hash) if plan_hash else _newest(client)}")
    past = _past(data, plan_hash or "the newest decision")
    if out is not None:
        write_whole(out, data.decode())
        click.echo(f"Decision {past.made['hash'][:HASH_LETTERS]} written to {out}: reconciler shadow {out}", err=True)
    if not machine(past.replay.document, output):
        show_plan(past.replay.document)
        _show_verdict(past)
    return past.replay.equal


def _compare(history: Iterable[Past], output: str, show: Callable[[int, list[Past]], None]) -> bool:
    """Show which decisions differ; whether none does."""
    count, differing = 0, []
    for past in history:
        count += 1
        if not past.replay.equal:
            differing.append(past)
    if not machine(_form(count, differing), output):
        show(count, differing)
    return not differing


def _kept(client: Client) -> Iterator[Past]:
    """What the manager keeps, newest first."""
    for decision in client.get("/api/decisions"):
        path = f"/api/decisions/{decision['hash']}?id={decision['id']}"
        yield _past(client.get_bytes(path), f"decision {decision['hash'][:HASH_LETTERS]}")


def _written(paths: Iterable[Path]) -> Iterator[Past]:
    """What is in files, and in the files of folders."""
    for path in paths:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not files:
            raise CliError(f"{path} has no *.json: write one with 'reconciler replay PLAN --out {path}/NAME.json'")
        for file in files:
            yield _past(read_file(file), str(file))


def _past(data: bytes, name: str) -> Past:
    try:
        state, made = read_decided(data, name)
    except StateError as error:
        raise CliError(str(error)) from None
    return Past(name, state.now, made, plan_anew(state, made))


def _newest(client: Client) -> str:
    newest = client.get("/api/decisions", limit=1)
    if not newest:
        raise CliError("the manager has decided nothing yet that is kept: apply something first")
    return str(newest[0]["hash"])


def _word(plan_hash: str) -> str:
    """What a user gave as a hash. Raises CliError when it is none."""
    word = plan_hash.lower()
    if len(word) > 64 or not set(word) <= set("0123456789abcdef"):
        raise CliError(f"'{plan_hash[:80]}' is no plan's hash: 'reconciler events' shows them, such as 5d0c6c5e9d2f")
    return word


def _form(count: int, differing: list[Past]) -> Form:
    return {
        "version": reconciler.__version__,
        "replayed": count,
        "equal": count - len(differing),
        "differing": [
            {
                "name": past.name,
                "hash": past.made["hash"],
                "hash_now": past.replay.document["hash"],
                "at": _iso(past.at),
                "version": past.made["version"],
                "differences": [
                    {"instance": one.instance, "node_id": one.node_id or None, "then": one.then, "now": one.now}
                    for one in past.replay.differences
                ],
            }
            for past in differing
        ],
    }


def _show_all(count: int, differing: list[Past]) -> None:
    for past in differing:
        _show_verdict(past)
    click.echo(f"{count} {_plans(count)} replayed: {count - len(differing)} equal, {len(differing)} different.")


def _show_differing(count: int, differing: list[Past]) -> None:
    for past in differing:
        _show_verdict(past)
    verb = "differs" if len(differing) == 1 else "differ"
    click.echo(
        f"{count} {_plans(count)} made anew by version {reconciler.__version__}: {len(differing) or 'none'} {verb}."
    )


def _show_verdict(past: Past) -> None:
    """Whether a plan is what was decided, and if not, what differs."""
    then = f"version {past.made['version']} decided at {_iso(past.at)}"
    if past.replay.equal:
        click.echo(f"Equal, byte for byte, to what {then}: sha256 {past.made['hash']}")
        return
    console().print(f"[bold]{plain(past.made['hash'][:HASH_LETTERS])}[/] differs from what {plain(then)}:")
    for one in past.replay.differences[:MOST_DIFFERENCES]:
        _show_difference(one)
    left = len(past.replay.differences) - MOST_DIFFERENCES
    if left > 0:
        console().print(f"  [dim]and {left} more: -o json has all[/]")
    if not past.replay.differences:
        console().print("  the actions are the same, but not what stays where, or how they are told")


def _show_difference(one: Difference) -> None:
    where = f" on {one.node_id}" if one.node_id else ""
    console().print(f"  {plain(one.instance + where)}")
    console().print(f"    then: {plain(one.then)}")
    console().print(f"    now:  {plain(one.now)}")


def _plans(count: int) -> str:
    return "plan" if count == 1 else "plans"


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

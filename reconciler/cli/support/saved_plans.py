"""Saved plans as files: written by `diff --out`, carried out by `apply`, shown by `get plan`."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from reconciler.cli.render.plan import HASH_LETTERS
from reconciler.cli.render.tables import machine
from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client
from reconciler.cli.support.errors import CliError
from reconciler.plan.keep.upgrade import SAVED_PLAN
from reconciler.plan.show.format import format_of

MODE = 0o600
"""Only its owner reads a saved plan: it holds what the specs hold."""

Form = dict[str, Any]


def write_plan(path: Path, saved: Form, businesses: list[Form]) -> None:
    """Write a saved plan with its specs, whole or not at all. Raises CliError."""
    write_whole(path, json.dumps(saved | {"businesses": businesses}, indent=1, ensure_ascii=False))
    say(f"Plan {saved['hash'][:HASH_LETTERS]} saved in {path}: reconciler apply {path}", err=True)


def write_whole(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all. Raises CliError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(beside, path)
    except OSError as error:
        raise CliError(f"{path} can't be written: {error.strerror or error}") from None


def read_plan(paths: tuple[str, ...]) -> Form | None:
    """Read the saved plan in the one file given, None when it is something else. Raises CliError."""
    plans = [found for path in paths if (found := _plan_in(path)) is not None]
    if plans and len(paths) > 1:
        raise CliError("a saved plan is applied alone: give only its file")
    return plans[0] if plans else None


def apply_plan(client: Client, saved: Form) -> list[str]:
    """Have the manager carry a plan out, and return the ids of its businesses. Raises CliError."""
    done = client.post("/api/plans/apply", saved)
    say(f"plan {done['hash'][:HASH_LETTERS]} {done['message']}")
    businesses: list[str] = done["businesses"]
    return businesses


def show_plan_execution(client: Client, plan_hash: str, output: str) -> None:
    """Print what became of a saved plan."""
    found = client.get(f"/api/plans/{quote(plan_hash, safe='')}")
    if machine(found, output):
        return
    names = ", ".join(found["businesses"])
    say(f"plan {found['hash'][:HASH_LETTERS]} for {names}: {found['state']}")
    say(f"applied at {found['at']} by {found['who']}")
    for departure in found["departures"]:
        say(f"departure: {departure}")
    if not found["departures"]:
        say("no departure from what was shown")


def _plan_in(path: str) -> Form | None:
    if path == "-" or not Path(path).is_file():
        return None
    try:
        document = json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    found = format_of(document)
    return document if found is not None and found.name == SAVED_PLAN.name else None

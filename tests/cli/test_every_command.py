"""What holds for every command: formats for programs, no manager, hostile text, and where its code is."""

import importlib
import json
from collections.abc import Callable, Iterator
from subprocess import CompletedProcess
from typing import Any

import click
import pytest
import yaml

from reconciler.cli.main import COMMANDS, main
from reconciler.cli.support.client import Client
from tests.cli.conftest import Cli, Fleet

READING = [
    ["get"],
    ["get", "shop"],
    ["status"],
    ["status", "shop"],
    ["node", "list"],
    ["node", "show", "east"],
    ["events"],
    ["history", "shop"],
    ["explain", "shop/web"],
    ["why", "shop/web"],
    ["survive"],
    ["diff"],
    ["approve"],
    ["replay"],
]
CHANGING = [
    ["sync"],
    ["logs", "shop"],
    ["exec", "shop/web", "--", "ls"],
    ["drain", "east", "--check"],
    ["scale", "shop/web=2"],
    ["promote", "shop"],
    ["stop", "shop"],
    ["restart", "shop"],
    ["pause", "shop"],
    ["resume", "shop"],
    ["rollback", "shop"],
    ["unpin", "shop"],
    ["thaw", "shop/web"],
    ["adopt", "shop/web"],
    ["cordon", "east"],
    ["uncordon", "east"],
    ["delete", "shop", "-y"],
]
ASKING = [*READING, *CHANGING, ["replay", "--all"], ["shadow"], ["snapshot"]]
IN_TWO = {"diff", "survive", "replay", "shadow", "exec"}
"""Commands whose status 1 says something else than that they failed."""

HOSTILE = "\x1b]0;owned\x07\x9b31m\u202e[bold]\r\n- forged"
WORDS = {
    "format",
    "kind",
    "status",
    "state",
    "desired",
    "at",
    "hash",
    "plan_hash",
    "fate",
    "how",
    "pull_policy",
    "limit",
}
"""Fields whose values programs decide by, and times: what is no such word is no answer of a manager."""


def hostile(value: Any, field: str = "") -> Any:
    """The answer with text for people that would do things to a terminal."""
    if isinstance(value, dict):
        return {key: hostile(entry, key) for key, entry in value.items()}
    if isinstance(value, list):
        return [hostile(entry, field) for entry in value]
    dated = field in WORDS or field.endswith(("_at", "_seen", "_code", "_id"))
    return value + HOSTILE if isinstance(value, str) and not dated else value


def leaves() -> Iterator[tuple[str, click.Command]]:
    """Every command, those of groups too."""
    with click.Context(main) as context:
        for name in main.list_commands(context):
            command = main.get_command(context, name)
            assert command is not None
            yield name, command
            if isinstance(command, click.Group):
                yield from ((f"{name} {inner}", found) for inner, found in command.commands.items())


@pytest.fixture(scope="module")
def shop(started: Fleet) -> Iterator[Fleet]:
    """The fleet with a shop that runs, and another business that has more to do."""
    started.runs("shop")
    started.runs("blog")
    started.cli("scale", "blog/web=2")
    yield started
    started.cleared()


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_what_is_read_is_printed_for_programs(shop: Fleet, words: list[str]) -> None:
    printed = shop.cli(*words, "-o", "json")
    assert printed.returncode == (1 if words == ["diff"] else 0), printed.stderr
    data = json.loads(printed.stdout)
    assert isinstance(data, dict | list)
    written = shop.cli(*words, "-o", "yaml")
    assert type(yaml.safe_load(written.stdout)) is type(data)
    assert json.loads(shop.cli("-o", "json", *words).stdout) is not None, "the option may stand before the command"
    assert shop.cli(*words).stdout not in (printed.stdout, ""), "people get something else"


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_without_a_manager_it_says_how_to_get_one(nowhere: Cli, words: list[str]) -> None:
    done = nowhere(*words)
    assert done.returncode == (2 if words[0] in IN_TWO or "--check" in words else 1)
    assert done.stdout == ""
    assert "http://127.0.0.1:1: start one with 'reconciler serve'" in done.stderr and "--manager" in done.stderr


@pytest.fixture
def overdone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer of the manager has text that would do things to a terminal."""
    answer: Callable[..., Any] = Client._json
    monkeypatch.setattr(Client, "_json", lambda *given, **more: hostile(answer(*given, **more)))


def harmless(done: CompletedProcess[str]) -> bool:
    """Whether what was printed are lines of letters, none of them made up by their text."""
    text = done.stdout + done.stderr
    return all(letter.isprintable() or letter == "\n" for letter in text) and "\n- forged" not in text


@pytest.mark.parametrize("words", [*READING[:-1], ["get", "-o", "json"], ["get", "-o", "yaml"]], ids=" ".join)
@pytest.mark.usefixtures("overdone")
def test_text_of_a_manager_does_nothing_to_a_terminal(shop: Fleet, words: list[str]) -> None:
    done = shop.cli(*words)
    assert done.stdout and harmless(done), done


@pytest.mark.usefixtures("overdone")
def test_neither_does_what_it_says_of_a_change(shop: Fleet) -> None:
    for words in CHANGING:
        done = shop.cli(*words)
        assert (done.stdout or done.stderr) and harmless(done), (words, done)


def test_a_refusal_s_text_does_nothing_to_a_terminal(shop: Fleet) -> None:
    done = shop.cli("why", HOSTILE)
    assert done.returncode == 1
    assert all(letter.isprintable() or letter == "\n" for letter in done.stderr), done.stderr


def test_a_command_is_in_the_file_of_its_name() -> None:
    groups = {"cordon": "node", "drain": "node", "uncordon": "node", "resume": "pause"}
    for name, place in COMMANDS.items():
        module = place.split(":")[0]
        assert module.rsplit(".", 1)[1] == groups.get(name, name)
        assert isinstance(getattr(importlib.import_module(module), place.split(":")[1]), click.Command)


@pytest.mark.parametrize(("name", "command"), list(leaves()), ids=lambda item: item if isinstance(item, str) else "")
def test_help_begins_with_a_sentence_and_explains_every_option(name: str, command: click.Command) -> None:
    first = (command.help or "").split("\n\n")[0].strip()
    assert first.endswith((".", ":", ")")) and first[0].isupper(), first
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{name} {option.opts}"


def test_an_unknown_command_is_guessed(nowhere: Cli) -> None:
    done = nowhere("aply")
    assert done.returncode == 2 and "did you mean 'apply'?" in done.stderr.lower()


def test_what_is_no_manager_is_called_so(shop: Fleet) -> None:
    done = shop.manager.cli("get", "--manager", f"{shop.manager.url}/static")
    assert done.returncode == 1 and done.stderr.startswith("error: ") and "Traceback" not in done.stderr

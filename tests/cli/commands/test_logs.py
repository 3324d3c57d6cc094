"""`logs`: lines of several instances by their times, and why some can't be read."""

from typing import Any

import pytest

from reconciler.cli.support.client import Client
from reconciler.cli.support.errors import CliError
from tests.cli.conftest import Fleet

LINES = {
    0: [{"at": "2026-01-01T00:00:01Z", "text": "first"}, {"at": "2026-01-01T00:00:03Z", "text": "\x1b[2Jthird\ttab"}],
    1: [{"at": "2026-01-01T00:00:02Z", "text": "second"}],
}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What instances wrote; the questions that were asked for it."""
    ask, asked = Client.get, []

    def play(client: Client, path: str, **query: Any) -> Any:
        if not path.endswith("/logs"):
            return ask(client, path, **query)
        asked.append(query)
        instance = int(path.split("/")[-2])
        if instance not in LINES:
            raise CliError("its node does not answer")
        return {"lines": LINES[instance], "cursor": "c"}

    monkeypatch.setattr(Client, "get", play)
    return asked


def test_lines_are_merged_by_their_times_and_made_harmless(fleet: Fleet, written: list[dict[str, Any]]) -> None:
    fleet.runs("shop", replicas=2)
    done = fleet.cli("logs", "shop", "--tail", "7")
    assert done.stdout == "web/0 | first\nweb/1 | second\nweb/0 | [2Jthird\ttab\n"
    assert written == [{"tail": 7, "since": None}] * 2
    assert fleet.cli("logs", "shop/web/1", "--timestamps").stdout == "web/1 | 2026-01-01T00:00:02Z second\n"


def test_one_that_can_not_be_read_keeps_no_other_from_being_shown(fleet: Fleet, written: list[dict[str, Any]]) -> None:
    fleet.runs("shop", replicas=3)
    some = fleet.cli("logs", "shop/web")
    assert (some.returncode, some.stderr) == (0, "web/2: its node does not answer\n") and "second" in some.stdout
    assert fleet.cli("logs", "shop/web/2").returncode == 1
    unknown = fleet.cli("logs", "shop/web/9")
    assert unknown.returncode == 1 and "has no instance of web/9; it has web/0, web/1, web/2" in unknown.stderr

"""`exec`: the command's output and exit status are those of the command line."""

from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.cli.support.client import Client
from reconciler.wire.streams import ExecFrame
from tests.cli.conftest import Fleet


def answers(monkeypatch: pytest.MonkeyPatch, *frames: ExecFrame) -> list[tuple[str, Any]]:
    """Have commands answered with these frames; what was asked for."""
    asked: list[tuple[str, Any]] = []

    def play(_: Client, path: str, body: Any) -> Iterator[ExecFrame]:
        asked.append((path, body))
        yield from frames

    monkeypatch.setattr(Client, "exec", play)
    return asked


def test_output_and_status_are_the_command_s(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.runs("shop", replicas=2)
    asked = answers(
        monkeypatch,
        ExecFrame(stream="stdout", text="out\n"),
        ExecFrame(stream="stderr", text="err\n"),
        ExecFrame(exit_code=7),
    )
    done = fleet.cli("exec", "shop/web", "--timeout", "5s", "--", "ls", "-l")
    assert (done.returncode, done.stdout) == (7, "out\n")
    assert done.stderr == "2 instances run; this is shop/web/0\nerr\n"
    path = "/api/businesses/shop/components/web/0/exec"
    assert asked == [(path, {"command": ("ls", "-l"), "timeout": 5.0})]


@pytest.mark.parametrize(
    ("frames", "why"),
    [
        ([ExecFrame(error="it was ended after 5 s")], "error: it was ended after 5 s"),
        ([ExecFrame(stream="stdout", text="half")], "what became of the command is not known"),
    ],
)
def test_without_a_status_of_its_own_it_is_two(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, frames: list[ExecFrame], why: str
) -> None:
    answers(monkeypatch, *frames)
    done = fleet.cli("exec", "shop/web/0", "--", "ls")
    assert done.returncode == 2 and why in done.stderr


def test_what_can_not_be_run(fleet: Fleet) -> None:
    fleet.runs("shop")
    for words, why in (
        (["shop/wep", "--", "ls"], "has no component 'wep'; it has web"),
        (["shop/web/9", "--", "ls"], "has no instance web/9; it has web/0"),
        (["shop/web", "--timeout", "2h", "--", "ls"], "more than 0 and at most 1h"),
        (["shop/web", "--", "ls"], "can't be reached"),
    ):
        done = fleet.cli("exec", *words)
        assert (done.returncode, done.stdout) == (2, "") and why in done.stderr
    fleet.cli("stop", "shop")
    fleet.settle()
    stopped = fleet.cli("exec", "shop/web", "--", "ls")
    assert stopped.returncode == 2 and "no instance of shop/web runs: web/0 is stopped" in stopped.stderr

"""Waiting ends when all is as wanted, when it stays failed, or when its time is over; each with its reason."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from reconciler.cli.support import waiting
from reconciler.cli.support.client import NotFound
from reconciler.cli.support.errors import CliError
from reconciler.cli.support.waiting import Wait, wait_for


def shop(status: str, message: str = "") -> dict[str, Any]:
    part = {
        "component_id": "web",
        "instance": 0,
        "status": status,
        "message": message,
        "node_id": "east",
        "progress": None,
    }
    return {"business_id": "shop", "status": status, "components": [part]}


class Manager:
    """Answers one state of the shop after the other, the last for ever; None when it is gone. No time passes elsewhere."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *states: dict[str, Any] | None, stops: int = 0) -> None:
        self._states: Iterator[dict[str, Any] | None] = iter(states)
        self._state: dict[str, Any] | None = None
        self._stops = stops
        self._now = 0.0
        monkeypatch.setattr(waiting.time, "monotonic", lambda: self._now)
        monkeypatch.setattr(waiting.time, "sleep", self._pass)
        monkeypatch.setattr(waiting, "preview_of", lambda answer: answer)

    def _pass(self, seconds: float) -> None:
        self._now += seconds

    def get(self, path: str) -> Any:
        """The next state."""
        self._state = next(self._states, self._state)
        if self._state is None:
            raise NotFound("there is no business 'shop'")
        return self._state

    def post(self, path: str) -> Any:
        """A plan that has a few more stops."""
        self._stops -= 1
        return SimpleNamespace(actions=[SimpleNamespace(business_id="shop")] if self._stops >= 0 else [])


def test_it_ends_when_all_is_as_wanted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    manager = Manager(monkeypatch, shop("pending"), shop("pending"), shop("running"))
    wait_for(manager, ["shop"], "running", 60)  # type: ignore[arg-type]
    assert capsys.readouterr().out == "shop/web/0 pending on east\nshop/web/0 running on east\n", "each change once"


def test_it_ends_when_nothing_is_left_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = Manager(monkeypatch, shop("stopping"), None, stops=2)
    wait_for(manager, ["shop"], "gone", 60)  # type: ignore[arg-type]


def test_a_first_failure_may_mend_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = Manager(monkeypatch, *[shop("failed", "exit status 1")] * 20, shop("running"))
    wait_for(manager, ["shop"], "running", 60)  # type: ignore[arg-type]


def test_what_stays_failed_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = Manager(monkeypatch, shop("failed", "exit status 1"))
    with pytest.raises(CliError, match=r"^shop failed: web/0 failed \(exit status 1\)$"):
        wait_for(manager, ["shop"], "running", 60)  # type: ignore[arg-type]


def test_its_time_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = Manager(monkeypatch, shop("pending", "no node fits"))
    with pytest.raises(CliError, match=r"^not running after 5 s: shop is pending: web/0 pending \(no node fits\)$"):
        wait_for(manager, ["shop"], "running", 5)  # type: ignore[arg-type]


def test_nothing_is_waited_for_unasked() -> None:
    Wait(asked=False, seconds=0).until(None, ["shop"], "running")  # type: ignore[arg-type]

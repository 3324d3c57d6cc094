"""`replay` and `shadow`: past plans made anew, and what differs of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Fleet
from tests.support.cluster import Cluster, business, program
from tests.support.played import PlayedNode, carry_out


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A manager with a short history."""
    manager = Cluster(tmp_path_factory.mktemp("past"))
    manager.start_manager("--suspect-after", "1h", "--lost-after", "2h")
    node = PlayedNode(manager, "a", runtimes=["process"])
    manager.post(business("shop", [program("web", None, "sleep 600")]))
    carry_out(manager, node)
    yield manager
    manager.close()


def test_a_past_plan_is_made_anew(past: Cluster, tmp_path: Path) -> None:
    newest = past.cli("replay")
    assert newest.returncode == 0 and "Equal, byte for byte, to what version" in newest.stdout
    every = past.cli("replay", "--all", "-o", "json")
    found = json.loads(every.stdout)
    assert every.returncode == 0 and found["replayed"] == found["equal"] >= 1 and found["differing"] == []
    assert "0 different." in past.cli("replay", "--all").stdout
    assert "none differ" in past.cli("shadow").stdout


def test_a_decision_that_differs_is_shown(past: Cluster, nowhere: Cli, tmp_path: Path) -> None:
    out = tmp_path / "decision.json"
    written = past.cli("replay", "--out", str(out))
    assert written.returncode == 0 and f"reconciler shadow {out}" in written.stderr
    assert nowhere("shadow", str(out)).returncode == 0
    assert nowhere("shadow", str(tmp_path)).stdout.endswith("none differ.\n")
    made = json.loads(out.read_text())
    made["made"]["hash"] = "0" * 64
    made["made"]["actions"].clear()
    out.write_text(json.dumps(made))
    differs = nowhere("shadow", str(out))
    assert differs.returncode == 1, differs.stderr
    assert "differs from what version" in differs.stdout and "1 differs." in differs.stdout
    (one,) = json.loads(nowhere("shadow", str(out), "-o", "json").stdout)["differing"]
    assert one["name"] == str(out) and one["differences"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["replay", "--all", "abc"], "leave out PLAN and --out"),
        (["replay", "xyz"], "'xyz' is no plan's hash"),
        (["replay", "0" * 12], "0" * 12),
        (["shadow", "/no/such.json"], "/no/such.json can't be read"),
    ],
)
def test_mistakes_end_with_two(past: Cluster, words: list[str], why: str) -> None:
    done = past.cli(*words)
    assert (done.returncode, done.stdout) == (2, "") and why in done.stderr


def test_a_folder_without_decisions(fleet: Fleet, tmp_path: Path) -> None:
    empty = fleet.cli("shadow", str(tmp_path))
    assert empty.returncode == 2 and f"{tmp_path} has no *.json" in empty.stderr

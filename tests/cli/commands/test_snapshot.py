"""`snapshot`, and what is computed of it without a manager."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Fleet


@pytest.fixture
def state(fleet: Fleet, tmp_path: Path) -> Path:
    fleet.runs("shop")
    path = tmp_path / "state.json"
    path.write_text(fleet.cli("snapshot").stdout)
    return path


def test_plans_of_a_snapshot_are_the_managers(fleet: Fleet, nowhere: Cli, state: Path, shop_file: Path) -> None:
    shop_file.write_text(shop_file.read_text().replace("sleep 600", "sleep 700"))
    for options in ([], [str(shop_file)], ["--without", "east"], ["--scale", "shop/web=3"]):
        online, offline = (
            fleet.cli("diff", *options, "-o", "json"),
            nowhere("diff", *options, "-o", "json", "--state", str(state)),
        )
        assert online.returncode == offline.returncode, offline.stderr
        there, here = json.loads(online.stdout), json.loads(offline.stdout)
        assert (there["hash"], there["actions"], there["pending"]) == (here["hash"], here["actions"], here["pending"])


def test_other_questions_are_answered_alike(fleet: Fleet, nowhere: Cli, state: Path) -> None:
    for words in (["survive"], ["survive", "--by", "zone"], ["explain", "shop/web"]):
        online, offline = fleet.cli(*words, "-o", "json"), nowhere(*words, "-o", "json", "--state", str(state))
        assert json.loads(online.stdout) == json.loads(offline.stdout), words


def test_what_is_no_snapshot(nowhere: Cli, state: Path) -> None:
    unknown = nowhere("explain", "shop/wep", "--state", str(state))
    assert unknown.returncode == 1 and f"{state} wants no shop/wep" in unknown.stderr
    state.write_text("{}")
    for words, code in ((["diff"], 2), (["survive"], 2), (["explain", "shop/web"], 1)):
        wrong = nowhere(*words, "--state", str(state))
        assert wrong.returncode == code and "is no state of a manager" in wrong.stderr

"""`diff`: its exit status, its options, a plan that is saved."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Fleet


def test_the_status_says_whether_something_would_change(fleet: Fleet, shop_file: Path) -> None:
    new = fleet.cli("diff", str(shop_file))
    assert new.returncode == 1 and "+ create web/0" in new.stdout and "1 to create" in new.stdout
    assert fleet.manager.get("/api/businesses") == [], "nothing is changed"
    fleet.runs("shop")
    same = fleet.cli("diff", str(shop_file))
    assert (same.returncode, same.stdout) == (0, "In sync: nothing to do, 1 unchanged.\n")


def test_what_if(fleet: Fleet) -> None:
    fleet.runs("shop")
    more = fleet.cli("diff", "--scale", "shop/web=3", "--add-node", "cpu=4,memory=1G,label:zone=c,count=2")
    assert more.returncode == 1 and "2 to create" in more.stdout
    here = fleet.manager.components("shop")[0]["node_id"]
    lost = fleet.cli("diff", "--without", here, "-o", "json")
    assert [action["kind"] for action in json.loads(lost.stdout)["actions"]] == ["create"]
    assert fleet.cli("diff").returncode == 0, "nothing of it is true"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--without", "north"], "there is no node 'north': there are east, west"),
        (["--scale", "shop/wep=2"], "there is no component 'shop/wep'"),
        (["--scale", "shop"], "write BUSINESS/COMPONENT=N"),
        (["--add-node", "memory=1G"], "needs cpu and memory"),
        (["--add-node", "cpu=x,memory=1G"], "write it as cpu=16"),
        (["--add-node", "cpu=1,memory=1G,disk=3"], "'disk=3' is not known"),
        (["--add-node", "cpu=1,memory=1G,count=5000"], "count 5000 is out of range: 0 to 1000"),
        (["--out", "/tmp/plan.json"], "give PATH, and suppose nothing"),
        (["--out", "/tmp/plan.json", "--state", "/tmp/state.json"], "leave out --state"),
        (["--state", "/no/such.json"], "/no/such.json can't be read"),
        (["/no/such.yaml"], "/no/such.yaml can't be read"),
    ],
)
def test_a_mistake_is_no_difference(fleet: Fleet, options: list[str], why: str) -> None:
    done = fleet.cli("diff", *options)
    assert (done.returncode, done.stdout) == (2, "") and why in done.stderr


def test_a_saved_plan_is_applied_and_followed(fleet: Fleet, shop_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    saved = fleet.cli("diff", "--out", str(out), str(shop_file))
    assert saved.returncode == 1 and f"reconciler apply {out}" in saved.stderr
    assert (
        fleet.cli("apply", str(out), str(shop_file)).stderr
        == "error: a saved plan is applied alone: give only its file\n"
    )
    assert "accepted, with 1 action" in fleet.cli("apply", str(out)).stdout
    plan_hash = json.loads(out.read_text())["hash"]
    told = fleet.cli("get", "plan", plan_hash[:12])
    assert "for shop: executing" in told.stdout and "no departure from what was shown" in told.stdout
    again = fleet.cli("apply", str(out))
    assert again.returncode == 1 and "make a new plan" in again.stderr

"""`stop`, `restart` and `delete`: what runs ends, begins anew, goes."""

import pytest

from tests.cli.conftest import Fleet


def test_a_business_stops_and_comes_back(fleet: Fleet) -> None:
    fleet.runs("shop")
    before = fleet.manager.containers("shop")
    assert fleet.cli("stop", "shop").stdout == "shop is being stopped\n"
    fleet.settle()
    assert fleet.manager.status("shop") == "stopped"
    waited = fleet.cli("stop", "shop", "--wait")
    assert (waited.returncode, waited.stderr) == (0, ""), "it is stopped already"
    assert fleet.cli("restart", "shop").stdout == "shop is being restarted\n"
    fleet.settle()
    assert fleet.manager.status("shop") == "running"
    assert fleet.manager.containers("shop").keys() == before.keys()


def test_a_restart_makes_every_instance_anew(fleet: Fleet) -> None:
    fleet.runs("shop", replicas=2)
    before = fleet.manager.containers("shop")
    fleet.cli("restart", "shop")
    fleet.settle()
    after = fleet.manager.containers("shop")
    assert after.keys() == before.keys() and not set(after.values()) & set(before.values())


def test_what_is_deleted_is_gone(fleet: Fleet) -> None:
    fleet.runs("shop")
    assert fleet.cli("delete", "shop", "-y").stdout == "shop is being removed\n"
    fleet.settle()
    assert fleet.cli("get").stdout == "Nothing is deployed.\n"
    again = fleet.cli("delete", "shop", "-y")
    assert again.returncode == 1 and "there is no business 'shop'" in again.stderr


@pytest.mark.parametrize("verb", ["stop", "delete"])
def test_more_than_the_limits_allow_is_held(fleet: Fleet, verb: str) -> None:
    fleet.runs("shop", replicas=4)
    held = fleet.cli(verb, "shop")
    assert held.returncode == 0 and "shop: 4 stops held" in held.stderr
    assert fleet.cli("approve").returncode == 1
    assert fleet.cli("approve", fleet.manager.get("/api/approvals")["hash"]).stdout == "4 stops approved\n"
    assert fleet.cli("approve").stdout == "Nothing waits for an approval.\n"

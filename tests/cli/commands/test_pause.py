"""`pause` and `resume`: nothing is done of a business for a while."""

from tests.cli.conftest import Fleet


def test_a_paused_business_is_left_as_it_is(fleet: Fleet) -> None:
    fleet.runs("shop")
    assert fleet.cli("pause", "shop").stdout == "shop is paused\n"
    assert fleet.cli("scale", "shop/web=3").returncode == 0
    fleet_plan = fleet.cli("diff")
    assert fleet_plan.returncode == 1 and "paused: 'reconciler resume shop' goes on" in fleet_plan.stdout
    assert fleet.cli("resume", "shop").stdout == "shop goes on\n"
    fleet.settle()
    assert len(fleet.manager.containers("shop")) == 3

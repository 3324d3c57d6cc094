"""`promote`: a new version goes on from its canary."""

from tests.cli.conftest import Fleet
from tests.support.cluster import business, program


def test_a_version_goes_on_when_it_is_promoted(fleet: Fleet) -> None:
    update = {"canary": 1}
    fleet.runs("shop", replicas=2, update=update)
    fleet.cli("promote", "shop")
    fleet.manager.put(business("shop", [program("web", None, "sleep 700", replicas=2, update=update)]))
    waits = fleet.cli("diff").stdout
    assert "reconciler promote shop/web" in waits
    assert fleet.cli("promote", "shop/web").stdout == "web promoted\n"
    assert "reconciler promote" not in fleet.cli("diff").stdout


def test_what_can_not_be_promoted(fleet: Fleet) -> None:
    fleet.runs("shop")
    nothing = fleet.cli("promote", "shop")
    assert nothing.returncode == 1 and "update.canary" in nothing.stderr
    unknown = fleet.cli("promote", "shop/wep")
    assert unknown.returncode == 1 and "it has web" in unknown.stderr

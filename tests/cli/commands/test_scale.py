"""`scale`: numbers of replicas, several at once."""

from tests.cli.conftest import Fleet


def test_replicas_change_and_the_same_number_changes_nothing(fleet: Fleet) -> None:
    first = fleet.runs("shop")
    assert fleet.cli("scale", "shop/web=2").stdout == f"shop accepted as revision {first + 1}\n"
    assert fleet.cli("scale", "shop/web=2").stdout == "shop unchanged\n"
    assert len(fleet.manager.components("shop")) == 2


def test_what_is_beyond_the_limits_waits_unless_it_is_approved(fleet: Fleet) -> None:
    fleet.runs("shop", replicas=5)
    held = fleet.cli("scale", "shop/web=1")
    assert held.returncode == 0
    assert "shop: 4 stops held" in held.stderr and "reconciler approve " in held.stderr
    passed = fleet.cli("scale", "shop/web=1", "--yes")
    assert (passed.returncode, passed.stderr) == (0, "")
    fleet.settle()
    assert len(fleet.manager.components("shop")) == 1


MISTAKES = {
    "shop/wep=2": "is no component of shop: it has web",
    "shop=2": "write BUSINESS/COMPONENT=N, such as shop/web=3",
    "shop/web": "write BUSINESS/COMPONENT=N",
    "shop/web=-1": "write BUSINESS/COMPONENT=N",
    "shop/web=99999": "0 to 10000",
    "nope/web=2": "there is no business 'nope'",
}


def test_mistakes_are_explained(fleet: Fleet) -> None:
    fleet.runs("shop")
    for target, mention in MISTAKES.items():
        done = fleet.cli("scale", target)
        assert (done.returncode, done.stdout) == (1, "") and mention in done.stderr, target

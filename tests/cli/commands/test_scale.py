"""`scale`: numbers of replicas, several at once."""

import pytest

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


@pytest.mark.parametrize(
    ("target", "code", "mention"),
    [
        ("shop/wep=2", 1, "is no component of shop: it has web"),
        ("shop=2", 1, "write BUSINESS/COMPONENT=N, such as shop/web=3"),
        ("shop/web", 1, "write BUSINESS/COMPONENT=N"),
        ("shop/web=-1", 1, "write BUSINESS/COMPONENT=N"),
        ("shop/web=99999", 1, "0 to 10000"),
        ("nope/web=2", 1, "there is no business 'nope'"),
    ],
)
def test_mistakes_are_explained(fleet: Fleet, target: str, code: int, mention: str) -> None:
    fleet.runs("shop")
    done = fleet.cli("scale", target)
    assert (done.returncode, done.stdout) == (code, "") and mention in done.stderr

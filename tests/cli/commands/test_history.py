"""`history`, `rollback`, `unpin`, and two revisions compared by `diff`."""

from tests.cli.conftest import Fleet
from tests.support.cluster import business, program


def three_revisions(fleet: Fleet) -> int:
    """Have the shop accepted three times; the first of the revisions."""
    first = fleet.runs("shop")
    for seconds in (700, 800):
        fleet.manager.put(business("shop", [program("web", None, f"sleep {seconds}")]))
    return first


def test_revisions_are_shown_with_what_they_changed(fleet: Fleet) -> None:
    first = three_revisions(fleet)
    lines = fleet.cli("history", "shop").stdout.splitlines()
    assert lines[0].startswith(f"{first + 2} ") and lines[0].endswith("current")
    assert "web.command: [sh, -c, sleep 700] → [sh, -c, sleep 800]" in lines[1]
    assert f"{first} " in fleet.cli("history", "shop").stdout


def test_going_back_and_taking_that_back(fleet: Fleet) -> None:
    first = three_revisions(fleet)
    done = fleet.cli("rollback", "shop", str(first))
    assert done.stdout == f"shop rolled back to revision {first}, as revision {first + 3}\n"
    shown = fleet.cli("history", "shop").stdout
    assert "pinned" in shown and "rolled back" in shown
    assert fleet.cli("unpin", "shop").returncode == 0
    nothing = fleet.cli("unpin", "shop")
    assert nothing.returncode == 1 and "shop is not pinned" in nothing.stderr
    unknown = fleet.cli("rollback", "shop", "9999")
    assert unknown.returncode == 1 and "no kept revision 9999" in unknown.stderr
    assert fleet.cli("rollback", "shop", "0").returncode == 2


def test_two_revisions_are_compared(fleet: Fleet) -> None:
    first = three_revisions(fleet)
    last = first + 2
    compared = fleet.cli("diff", f"shop@{first}", f"shop@{last}")
    assert compared.returncode == 1
    assert f"shop revision {first} → {last}" in compared.stdout and "sleep 600" in compared.stdout
    assert fleet.cli("diff", f"shop@{last}").stdout == f"Revisions {last} and {last} of shop say the same.\n"
    others = fleet.cli("diff", "shop@1", "blog@2")
    assert others.returncode == 2 and "two revisions of one business" in others.stderr

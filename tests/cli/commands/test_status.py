"""`status`: every instance, what waits for somebody, and what is wrong with the sources."""

from tests.cli.conftest import Fleet


def test_every_instance_is_shown_where_it_is(fleet: Fleet) -> None:
    revision = fleet.runs("shop", replicas=2)
    shown = fleet.cli("status")
    assert shown.returncode == 0
    assert f"shop running  revision {revision}, api" in shown.stdout
    assert "web/0" in shown.stdout and "web/1" in shown.stdout and " east " in shown.stdout


def test_what_has_no_place_says_why(fleet: Fleet) -> None:
    fleet.runs("shop", affinity={"node_labels": {"zone": "moon"}})
    shown = fleet.cli("status", "shop").stdout
    assert "pending" in shown and "zone=moon" in shown


def test_what_waits_for_an_approval_is_told(fleet: Fleet) -> None:
    fleet.runs("shop", replicas=4)
    held = fleet.cli("delete", "shop", "-y")
    assert held.returncode == 0
    fleet.runs("blog", replicas=4)
    fleet.cli("stop", "blog")
    assert "4 stops wait for an approval: reconciler approve" in fleet.cli("status").stdout
    assert fleet.cli("stop", "blog", "--yes").returncode == 0


def test_a_bad_file_is_told_where_its_business_is_looked_for(fleet: Fleet) -> None:
    bad = fleet.manager.desired / "bad.yaml"
    bad.write_text("business_id: bad\ncomponents:\n- component_id: a\n  imagename: x\n")
    try:
        fleet.cli("sync")
        assert "bad.yaml:4" in fleet.cli("status").stdout
        for words in (["status", "bad"], ["sync", "bad"]):
            unknown = fleet.cli(*words)
            assert unknown.returncode == 1
            assert (
                "nothing new is taken from files that have problems" in unknown.stderr and "bad.yaml" in unknown.stderr
            )
    finally:
        bad.unlink()
        fleet.cli("sync")

"""`explain`, `why`, `survive`, `events`: questions about what is and what was."""

import json

from tests.cli.conftest import Fleet


def test_where_an_instance_is_and_why_not_elsewhere(fleet: Fleet) -> None:
    fleet.runs("shop", affinity={"node_id": "east"})
    shown = fleet.cli("explain", "shop/web")
    assert "shop/web/0 is placed on east" in shown.stdout and "node_id: is not east" in shown.stdout
    fleet.runs("blog", resource_requirements={"memory_mb": 9000})
    big = fleet.cli("explain", "blog/web/0").stdout
    assert "blog/web/0 has no place" in big and "To make it fit on " in big and "lower memory_mb" in big
    unknown = fleet.cli("explain", "shop/wep")
    assert unknown.returncode == 1 and "has no component 'wep': it has web" in unknown.stderr
    assert fleet.cli("explain", "shop").returncode == 2


def test_why_something_was_done(fleet: Fleet) -> None:
    revision = fleet.runs("shop", affinity={"node_id": "east"})
    shown = fleet.cli("why", "shop/web").stdout
    heads = [line.split()[0] for line in shown.splitlines()[1:] if line.startswith("  ") and line[2] != " "]
    assert heads == ["cause", "field", "filter", "score", "action", "result"]
    assert f"api 127.0.0.1: revision {revision}" in shown and "1 of 2 nodes fits" in shown and "create on east" in shown
    container = fleet.manager.containers("shop")["web/0"]
    assert fleet.cli("why", container).stdout.startswith("shop/web/0\n")
    unknown = fleet.cli("why", "shop/wep")
    assert unknown.returncode == 1 and "shop/wep" in unknown.stderr


def test_what_a_loss_would_leave_without_a_place(fleet: Fleet) -> None:
    fleet.runs("shop", affinity={"node_id": "east"})
    shown = fleet.cli("survive")
    assert shown.returncode == 1
    assert "shop/web/0" in shown.stdout and "everything has a place elsewhere" in shown.stdout
    found = {
        one["lost"]: one["homeless"] for one in json.loads(fleet.cli("survive", "--by", "zone", "-o", "json").stdout)
    }
    assert set(found["a"]) == {"shop/web/0"} and found["b"] == {}
    unknown = fleet.cli("survive", "--by", "rakc")
    assert unknown.returncode == 2 and "has the label 'rakc'" in unknown.stderr


def test_events_are_chosen_by_what_they_are_about(fleet: Fleet) -> None:
    fleet.runs("shop", affinity={"node_id": "east"})
    lines = fleet.cli("events", "shop").stdout.splitlines()
    assert any("accepted  shop  revision" in line for line in lines)
    assert any("create    shop/web/0 on east" in line for line in lines)
    assert len(fleet.cli("events", "--limit", "1").stdout.splitlines()) == 1
    found = json.loads(fleet.cli("events", "--node", "east", "--since", "1h", "-o", "json").stdout)
    assert found and {event["node_id"] for event in found} == {"east"}
    none = fleet.cli("events", "nothing")
    assert (none.returncode, none.stdout) == (0, "") and "no such event is on record" in none.stderr
    assert fleet.cli("events", "--since", "soon").returncode == 2

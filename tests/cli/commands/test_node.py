"""`node`, and `cordon`, `drain`, `uncordon` by their short names."""

import json

import yaml

from tests.cli.conftest import Fleet


def test_nodes_are_listed_with_what_they_have(fleet: Fleet) -> None:
    fleet.runs("shop", resource_requirements={"cpu_cores": 1, "memory_mb": 512})
    for words in (["node"], ["node", "list"]):
        listed = fleet.cli(*words).stdout
        assert "1 of 4" in listed and "512 of 4096 MB" in listed and "zone=a" in listed and "ready" in listed


def test_a_node_is_closed_and_opened(fleet: Fleet) -> None:
    assert fleet.cli("cordon", "east").stdout == "east gets nothing new\n"
    assert "ready cordoned" in fleet.cli("node").stdout
    assert fleet.cli("drain", "east").returncode == 0
    assert "ready draining" in fleet.cli("node").stdout
    assert yaml.safe_load(fleet.cli("node", "show", "east").stdout)["draining"] is True
    assert fleet.cli("uncordon", "east").stdout == "east gets instances again\n"
    assert json.loads(fleet.cli("node", "show", "east", "-o", "json").stdout)["cordoned"] is False


def test_a_drain_is_checked_before_it_is_done(fleet: Fleet) -> None:
    fleet.runs("shop", affinity={"node_id": "east"})
    stays = fleet.cli("drain", "east", "--check")
    assert stays.returncode == 1 and "1 instance would stay on east" in stays.stdout
    moves = fleet.cli("drain", "west", "--check")
    assert moves.returncode == 0 and "west would be empty: everything has a place." in moves.stdout
    assert not any(node["draining"] for node in fleet.manager.get("/api/nodes")), "nothing is done"
    unknown = fleet.cli("drain", "north", "--check")
    assert unknown.returncode == 2 and "there is no node 'north'" in unknown.stderr


def test_waiting_for_a_drain_ends_with_what_stays(fleet: Fleet) -> None:
    fleet.runs("shop", affinity={"node_id": "east"})
    assert fleet.cli("drain", "west", "--wait").returncode == 0, "nothing is there"
    waited = fleet.cli("drain", "east", "--wait", "--timeout", "0s")
    assert waited.returncode == 1 and waited.stdout.endswith("1 left\n")
    assert "east still has 1 instance after 0 s; shop/web/0: " in waited.stderr


def test_a_deadline_is_told(fleet: Fleet) -> None:
    assert fleet.cli("drain", "east", "--deadline", "10m").returncode == 0
    assert fleet.manager.get("/api/nodes/east")["drain_by"] is not None
    assert fleet.cli("drain", "east", "--deadline", "8d").returncode == 1, "at most a week"

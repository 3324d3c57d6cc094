"""What is beyond a limit waits for a yes, over REST and on the command line. The nodes are played."""

import json
import sqlite3
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.cluster import Cluster
from tests.support.commands import command
from tests.support.waiting import wait_until


@pytest.fixture
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A manager that may do 3 stops a plan, 1 of them of an instance with volumes; silence matters to it late."""
    made = Cluster(tmp_path_factory.mktemp("limits"))
    made.start_manager(
        *("--suspect-after", "1h", "--lost-after", "2h"), *("--most-stops", "3", "--most-volume-stops", "1")
    )
    yield made
    made.close()


def reports(manager: Cluster, **businesses: int) -> None:
    """The node `n` reports so many running instances of businesses nobody wants; those of `data` hold volumes."""
    instances = [
        {
            "business_id": name,
            "component_id": "web",
            "instance": number,
            "status": "running",
            "digest": "d",
            "version": 1,
            "container_id": f"{name}-{number}",
            "promise": {"volumes": name == "data"},
        }
        for name, count in businesses.items()
        for number in range(count)
    ]
    report = {
        "node_id": "n",
        "address": "http://127.0.0.1:9",
        "capacity": {"cpu_cores": 4, "memory_mb": 4096},
        "instances": instances,
        "timestamp": time.time(),
    }
    reply = manager.request("POST", "/api/report", json=report)
    assert reply.status_code == 200, reply.text


def held(manager: Cluster) -> dict[str, Any]:
    found: dict[str, Any] = manager.get("/api/approvals")
    return found


def kinds(manager: Cluster) -> list[str]:
    return [event["kind"] for event in manager.get("/api/events")]


def test_what_is_beyond_a_limit_is_held_told_everywhere_and_approved_by_its_hash(manager: Cluster) -> None:
    reports(manager, shop=3)
    assert held(manager)["pending"] == []
    reports(manager, shop=3, blog=1)
    why = "waits for `reconciler approve`: 4 stops are more than the 3 that one plan may do"
    now = held(manager)
    assert {item["blocked_by"] for item in now["pending"]} == {why} and len(now["pending"]) == 4
    plan = manager.plan()
    assert plan["hash"] == now["hash"]
    assert {action["blocked_by"] for action in plan["actions"]} == {why}
    assert {tuple(action["exceeds"]) for action in plan["actions"]} == {("stops",)}
    wait_until(lambda: kinds(manager).count("blocked") == 2, what="an event for each business")

    wrong = manager.request("POST", f"/api/plans/{'0' * 64}/approve")
    assert wrong.status_code == 409 and now["hash"] in wrong.json()["message"]
    done = manager.request("POST", f"/api/plans/{now['hash']}/approve")
    assert done.status_code == 200 and done.json()["message"] == "4 stops approved"
    assert held(manager)["pending"] == []
    assert not any(action["blocked_by"] for action in manager.plan()["actions"])
    wait_until(lambda: kinds(manager).count("approved") == 2, what="an event for each business")
    nothing = manager.request("POST", f"/api/plans/{manager.plan()['hash']}/approve")
    assert nothing.status_code == 409 and "nothing waits" in nothing.json()["message"]


def test_an_approval_ends_with_the_copy(manager: Cluster) -> None:
    reports(manager, shop=4)
    manager.request("POST", f"/api/plans/{held(manager)['hash']}/approve")
    assert held(manager)["pending"] == []
    reports(manager, blog=1)

    def forgotten() -> bool:
        reports(manager, blog=1)
        return approvals_left(manager) == 0

    wait_until(forgotten, what="the approvals to be forgotten")
    reports(manager, shop=4)
    assert len(held(manager)["pending"]) == 4


def approvals_left(manager: Cluster) -> int:
    with sqlite3.connect(manager.root / "manager.db") as connection:
        return int(connection.execute("SELECT count(*) FROM approvals").fetchone()[0])


def test_yes_passes_every_limit_but_that_of_volumes(manager: Cluster) -> None:
    reports(manager, shop=4, data=2)
    assert len(held(manager)["pending"]) == 6
    left = manager.request("POST", "/api/approvals", json={"businesses": ["shop", "data"]}).json()
    assert {item["business_id"] for item in left["pending"]} == {"data"}
    assert [tuple(item["exceeds"]) for item in left["pending"]] == [("volumes",)] * 2
    assert {item["business_id"] for item in held(manager)["pending"]} == {"data"}
    assert manager.request("POST", f"/api/plans/{left['hash'][:12]}/approve").status_code == 200
    assert held(manager)["pending"] == []


def test_on_the_command_line(manager: Cluster) -> None:
    assert manager.cli("approve").stdout == "Nothing waits for an approval.\n"
    reports(manager, shop=4)
    listed = manager.cli("approve")
    assert listed.returncode == 1
    assert "shop/web/0" in listed.stdout and "4 stops are more than the 3" in listed.stdout
    now = held(manager)["hash"]
    assert f"reconciler approve {now[:12]}" in listed.stdout
    assert json.loads(manager.cli("approve", "-o", "json").stdout)["hash"] == now
    assert "4 stops wait for an approval: reconciler approve" in manager.cli("status").stdout
    assert "reconciler approve" in manager.cli("diff").stdout
    stale = manager.cli("approve", "0" * 12)
    assert stale.returncode == 1 and now in stale.stderr
    done = manager.cli("approve", now[:12])
    assert (done.returncode, done.stdout) == (0, "4 stops approved\n")
    assert manager.cli("approve").returncode == 0


@pytest.mark.parametrize("body", [None, [], {}, {"businesses": "shop"}, {"businesses": [1]}, {"other": []}])
def test_a_yes_names_its_businesses(manager: Cluster, body: object) -> None:
    assert manager.request("POST", "/api/approvals", json=body).status_code in (400, 422)


def test_the_limits_are_checked() -> None:
    for words in (["--most-share", "50"], ["--most-share", "101%"], ["--most-stops", "-1"]):
        done = command("serve", *words)
        assert done.returncode == 2 and words[1].strip("-") in done.stderr

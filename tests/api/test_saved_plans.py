"""Saved plans over REST and on the command line. The nodes are played: they report, and take nothing."""

import json
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cluster import Cluster, business, docker_component
from tests.support.waiting import wait_until

SECRET = "hunter2-of-the-plan"


@pytest.fixture
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A manager with the nodes a and b, whose silence matters to it late."""
    made = Cluster(tmp_path_factory.mktemp("saved"))
    made.start_manager("--suspect-after", "1h", "--lost-after", "2h")
    reports(made, "a")
    reports(made, "b", cpu_percent=90.0)
    yield made
    made.close()


def reports(manager: Cluster, node_id: str, memory: int = 1024, cpu_percent: float = 0.0, **more: Any) -> None:
    report = {
        "node_id": node_id,
        "address": "http://127.0.0.1:9",
        "capacity": {"cpu_cores": 4, "memory_mb": memory},
        "usage": {"cpu_percent": cpu_percent, "memory_mb": 0},
        "timestamp": time.time(),
    }
    reply = manager.request("POST", "/api/report", json=report | more)
    assert reply.status_code == 200, reply.text


def shop(**more: Any) -> dict[str, Any]:
    fields = {"environment_variables": {"DB_PASSWORD": SECRET}, "ports": ["8080:80"]} | more
    return business("shop", [docker_component("web", **fields)])


def saved(manager: Cluster, *businesses: dict[str, Any]) -> dict[str, Any]:
    reply = manager.request("POST", "/api/plans", json={"businesses": list(businesses)})
    assert reply.status_code == 200, reply.text
    return reply.json() | {"businesses": list(businesses)}


def applied(manager: Cluster, plan: object) -> Any:
    return manager.request("POST", "/api/plans/apply", json=plan)


def where(manager: Cluster) -> dict[str, str]:
    return {f"{item['component_id']}/{item['instance']}": item["node_id"] for item in manager.components("shop")}


def test_a_saved_plan_puts_things_where_it_said_though_another_node_is_better_now(manager: Cluster) -> None:
    plan = saved(manager, shop())
    assert [action["node_id"] for action in plan["document"]["actions"]] == ["a"]
    assert SECRET not in json.dumps({name: plan[name] for name in plan if name != "businesses"})
    assert manager.get("/api/businesses") == [], "nothing is stored"
    reports(manager, "a", cpu_percent=100.0)
    reports(manager, "b", cpu_percent=0.0)
    today = saved(manager, shop())
    assert [action["node_id"] for action in today["document"]["actions"]] == ["b"]
    done = applied(manager, plan)
    assert done.status_code == 202, done.text
    assert (done.json()["state"], done.json()["departures"]) == ("executing", [])
    assert where(manager) == {"web/0": "a"}
    shown = manager.get(f"/api/plans/{plan['hash'][:12]}")
    assert shown["hash"] == plan["hash"] and shown["document"]["hash"] == plan["hash"]
    assert SECRET not in json.dumps(shown)
    again = applied(manager, plan)
    assert again.status_code == 409 and "business shop: spec: was none" in again.json()["message"]


def test_a_moved_fact_is_named_and_nothing_is_done(manager: Cluster) -> None:
    plan = saved(manager, shop(resource_requirements={"memory_mb": 512}))
    reports(manager, "a", memory=300)
    refused = applied(manager, plan)
    assert refused.status_code == 409
    problem = {
        "file": "plan",
        "line": None,
        "path": "node a: memory",
        "message": "needs 512 MB, was 1024 free, is 300",
    }
    assert refused.json()["errors"] == [problem]
    assert manager.get("/api/businesses") == [] and manager.plan()["actions"] == []
    assert manager.request("GET", f"/api/plans/{plan['hash']}").status_code == 404


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda plan: plan["document"]["actions"][0].update(node_id="b"), "the file was changed"),
        (lambda plan: plan.update(businesses=[shop() | {"business_id": "other"}]), "are not of the plan's businesses"),
        (lambda plan: plan.update(format="reconciler.saved-plan/9"), "reconciler.saved-plan/9"),
        (lambda plan: plan.pop("preconditions"), "preconditions"),
        (lambda plan: plan.update(businesses=[{"business_id": "shop"}]), "components"),
        (lambda plan: plan.update(businesses=[shop(image_name="other:1")]), "no longer to be done"),
    ],
)
def test_a_file_that_is_not_what_was_saved_is_refused(manager: Cluster, change: Any, word: str) -> None:
    plan = saved(manager, shop())
    change(plan)
    refused = applied(manager, plan)
    assert refused.status_code in (409, 422) and word in refused.text, refused.text
    assert manager.get("/api/businesses") == []


def test_what_a_file_declares_is_changed_in_its_file(manager: Cluster) -> None:
    (manager.desired / "shop.yaml").write_text(yaml.safe_dump(shop()))
    manager.request("POST", "/api/sync")
    plan = saved(manager, shop(image_name="busybox:2"))
    refused = applied(manager, plan)
    assert refused.status_code == 409 and "shop.yaml" in refused.json()["message"]


def test_what_is_done_beside_the_plan_is_reported(manager: Cluster) -> None:
    plan = saved(manager, shop())
    assert applied(manager, plan).status_code == 202
    manager.ask("shop", "restart")

    def told() -> list[str]:
        found: list[str] = manager.get(f"/api/plans/{plan['hash']}")["departures"]
        return found

    wait_until(told, what="the departure to be noted")
    assert "update shop/web/0 on a was not in the plan: restart asked for" in told()[0]
    events = [event["message"] for event in manager.get("/api/events") if event["kind"] == "departure"]
    assert len(events) == 1 and plan["hash"][:12] in events[0]
    manager.put(shop(image_name="busybox:3"))
    wait_until(lambda: manager.get(f"/api/plans/{plan['hash']}")["state"] == "superseded", what="it to be superseded")


def test_on_the_command_line(manager: Cluster, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(shop()))
    out = tmp_path / "plan.json"
    shown = manager.cli("diff", "--out", str(out), str(tmp_path / "shop.yaml"))
    assert shown.returncode == 1, shown.stderr
    assert "1 to create" in shown.stdout and f"reconciler apply {out}" in shown.stderr
    assert SECRET not in shown.stdout + shown.stderr
    assert SECRET in out.read_text(), "the file holds what is to be done, whole"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    reports(manager, "a", memory=1)
    moved = manager.cli("apply", str(out))
    assert moved.returncode == 1 and "node a: memory: needs 16 MB, was 1024 free, is 1" in moved.stderr
    reports(manager, "a", memory=512)
    done = manager.cli("apply", str(out))
    assert done.returncode == 0 and "accepted, with 1 action" in done.stdout, done.stderr
    told = manager.cli("get", "plan", json.loads(out.read_text())["hash"][:12])
    assert "executing" in told.stdout and "no departure" in told.stdout
    both = manager.cli("apply", str(out), str(tmp_path / "shop.yaml"))
    assert both.returncode == 1 and "applied alone" in both.stderr
    for words in (["diff", "--out", str(out)], ["diff", "--out", "/no/such/dir/p.json", str(tmp_path / "shop.yaml")]):
        wrong = manager.cli(*words)
        assert wrong.returncode == 2 and "Traceback" not in wrong.stderr
    assert manager.cli("get", "shop", "plan").returncode == 2
    assert manager.cli("get", "plan", "0" * 12).returncode == 1

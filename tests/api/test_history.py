"""Revisions over the API: what changed, never a secret; going back, and what is refused after it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.cluster import Cluster, business, docker_component

SECRET = "hunter2-of-the-shop"


def shop(image: str, **more: Any) -> dict[str, Any]:
    return business("shop", [docker_component("web", image, **more)])


def revisions(manager: Cluster) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = manager.get("/api/businesses/shop/revisions")
    return found


def fields(changes: list[dict[str, Any]]) -> dict[str, tuple[Any, Any]]:
    return {change["field"]: (change["old"], change["new"]) for change in changes}


@pytest.fixture
def history(manager: Cluster) -> Iterator[Cluster]:
    """The shop with three revisions: images 1, 2 and 3, and a password that changes with each."""
    manager.post(shop("i:1", environment_variables={"DB_PASSWORD": f"{SECRET}1"}))
    for number in (2, 3):
        more = {"environment_variables": {"DB_PASSWORD": f"{SECRET}{number}"}, "replicas": number}
        manager.put(shop(f"i:{number}", **more))
    yield manager
    if manager.status("shop"):
        manager.delete("shop")


def test_each_revision_says_what_it_changed_and_no_secret(history: Cluster) -> None:
    reply = history.request("GET", "/api/businesses/shop/revisions")
    assert SECRET not in reply.text
    newest, before, first = reply.json()[:3]
    assert fields(newest["changes"]) == {
        "web.environment_variables.DB_PASSWORD": ("(hidden)", "(hidden) (changed)"),
        "web.image_name": ("i:2", "i:3"),
        "web.replicas": ("2", "3"),
    }
    assert fields(before["changes"])["web.replicas"] == (None, "2")
    assert newest["current"] and not before["current"]
    assert newest["origin"] == f"api 127.0.0.1: revision {newest['revision']}"
    assert first["revision"] == before["revision"] - 1


def test_two_revisions_are_compared(history: Cluster) -> None:
    last = revisions(history)[0]["revision"]
    compared = history.cli("diff", f"shop@{last - 2}", f"shop@{last}")
    assert compared.returncode == 1, compared.stderr
    assert "web.image_name: i:1 → i:3" in compared.stdout and SECRET not in compared.stdout
    assert history.cli("diff", f"shop@{last}").returncode == 0
    assert "say the same" in history.cli("diff", f"shop@{last}", f"shop@{last}").stdout
    unknown = history.cli("diff", "shop@999", f"shop@{last}")
    assert unknown.returncode == 2 and "no kept revision 999: kept are 1 to" in unknown.stderr
    others = history.cli("diff", "shop@1", "blog@2")
    assert others.returncode == 2 and "shop@3 shop@7" in others.stderr
    told = history.cli("history", "shop")
    assert told.returncode == 0 and "current" in told.stdout and SECRET not in told.stdout


def test_what_was_rolled_back_is_refused_until_it_is_unpinned_and_a_better_one_is_not(history: Cluster) -> None:
    last = revisions(history)[0]["revision"]
    done = history.cli("rollback", "shop", str(last - 2))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"shop rolled back to revision {last - 2}, as revision {last + 1}\n"
    found = history.get("/api/businesses/shop")
    assert found["pinned"] == last - 2
    assert f"pinned to revision {last - 2}: what came after it was rolled back" in found["message"]
    marks = {item["revision"]: (item["pinned"], item["rolled_back"]) for item in revisions(history)}
    assert marks[last - 2] == (True, False) and marks[last] == marks[last - 1] == (False, True)

    bad = shop("i:3", environment_variables={"DB_PASSWORD": f"{SECRET}3"}, replicas=3)
    refused = history.put(bad, expect=409)
    assert "reconciler unpin shop" in refused["message"]
    again = history.cli("rollback", "shop", str(last - 2))
    assert again.returncode == 1 and "says what holds already" in again.stderr
    history.put(shop("i:4"))
    assert history.get("/api/businesses/shop")["pinned"] is None
    history.put(bad, expect=409)
    assert history.cli("unpin", "shop").returncode == 0
    history.put(bad)
    assert history.cli("unpin", "shop").returncode == 1, "there is nothing to unpin any more"
    kinds = [event["kind"] for event in history.get("/api/events?business=shop")]
    assert "rollback" in kinds and "unpinned" in kinds


@pytest.mark.parametrize("body", ["3", '{"revision": 0}', '{"revision": true}', '{"revison": 1}', '{"revision": "3"}'])
def test_a_rollback_to_what_is_no_revision_is_refused(history: Cluster, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    reply = history.request("POST", "/api/businesses/shop/rollback", data=body, headers=headers)
    assert reply.status_code == 422, reply.text


def test_unknown_ones_are_named(history: Cluster) -> None:
    for words in (["history", "none"], ["rollback", "none"], ["unpin", "none"]):
        done = history.cli(*words)
        assert done.returncode == 1 and "none" in done.stderr
    unknown = history.cli("rollback", "shop", "99999")
    assert unknown.returncode == 1 and "no kept revision 99999" in unknown.stderr

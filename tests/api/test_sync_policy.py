"""Pausing over the API, businesses that depend on each other, and what a sync may be asked for."""

from typing import Any

import pytest

from tests.support.cluster import Cluster, business, docker_component


def app(business_id: str, *after: str, **more: Any) -> dict[str, Any]:
    return business(business_id, [docker_component("web")]) | {"depends_on_businesses": list(after)} | more


def kinds(manager: Cluster, business_id: str) -> list[str]:
    return [event["kind"] for event in manager.get(f"/api/events?business={business_id}")]


def test_pause_and_resume_are_told_and_may_be_repeated(manager: Cluster) -> None:
    manager.post(app("paused"))
    for verb, paused in (("pause", True), ("pause", True), ("resume", False), ("resume", False)):
        reply = manager.ask("paused", verb, expect=200)
        assert reply["status"] == "success" and reply["business_id"] == "paused"
        found = manager.get("/api/businesses/paused")
        assert found["paused"] is paused
        assert ("reconciler resume paused" in found["message"]) is paused
    told = [kind for kind in kinds(manager, "paused") if kind in ("paused", "resumed")]
    assert told == ["paused", "resumed"]


def test_a_paused_business_takes_a_new_spec_and_does_nothing_with_it(manager: Cluster) -> None:
    manager.post(app("kept"))
    manager.ask("kept", "pause", expect=200)
    changed = app("kept") | {"components": [docker_component("web", replicas=2)]}
    assert manager.put(changed)["message"] == "accepted as revision 2"
    assert manager.get("/api/businesses/kept")["paused"]


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_an_unknown_business_can_be_neither(manager: Cluster, verb: str) -> None:
    assert manager.request("POST", f"/api/businesses/nothing/{verb}").status_code == 404


def test_a_circle_of_businesses_is_refused_with_the_circle(manager: Cluster) -> None:
    manager.post(app("first", "second"))
    manager.post(app("second", "third"))
    reply = manager.request("POST", "/api/businesses", json=app("third", "first"))
    assert reply.status_code == 422
    (error,) = reply.json()["errors"]
    assert error["path"] == "depends_on_businesses"
    assert error["message"] == "goes round in a circle: third → first → second → third"
    itself = manager.request("POST", "/api/businesses", json=app("self", "self"))
    assert itself.status_code == 422 and "is this business itself" in itself.json()["errors"][0]["message"]


def test_going_back_into_a_circle_is_refused(manager: Cluster) -> None:
    manager.post(app("left", "right"))
    manager.put(app("left"))
    manager.post(app("right", "left"))
    reply = manager.request("POST", "/api/businesses/left/rollback", json={"revision": 1})
    assert reply.status_code == 422 and "left → right → left" in reply.json()["message"]


@pytest.mark.parametrize("body", [[], {"prune": 1}, {"businesses": "shop"}, {"named": ["shop"]}])
def test_a_sync_that_is_asked_for_wrongly_is_refused(manager: Cluster, body: Any) -> None:
    reply = manager.request("POST", "/api/sync", json=body)
    assert reply.status_code == 422 and '"businesses": ["shop"]' in reply.json()["errors"][0]["message"]


def test_a_sync_names_what_there_is(manager: Cluster) -> None:
    assert manager.request("POST", "/api/sync", json={"businesses": ["nothing"]}).status_code == 404

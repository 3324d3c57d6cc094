"""Every write answers as the mission has it, and says which revision holds and whether anything changed."""

from typing import Any

from tests.support.cluster import Cluster, business, docker_component


def shop(image: str = "i:1") -> dict[str, Any]:
    return business("written", [docker_component("web", image, update={"canary": 1})])


def asked(manager: Cluster, verb: str, body: object = None) -> tuple[int, bool]:
    """Carry out an operation; the revision and whether anything changed."""
    reply = manager.request("POST", f"/api/businesses/written/{verb}", json=body)
    assert reply.status_code in (200, 202), reply.text
    answer = reply.json()
    assert (answer["status"], answer["business_id"]) == ("success", "written") and answer["message"]
    return answer["revision"], answer["changed"]


def test_a_write_says_what_holds_and_whether_it_changed_anything(manager: Cluster) -> None:
    made = manager.post(shop())
    assert (made["revision"], made["changed"]) == (1, True)
    same, other = manager.put(shop()), manager.put(shop("i:2"))
    assert (same["revision"], same["changed"], other["revision"], other["changed"]) == (1, False, 2, True)
    assert asked(manager, "scale", {"web": 2}) == (3, True)
    assert asked(manager, "scale", {"web": 2}) == (3, False)
    for verb, changes in (("pause", [True, False]), ("resume", [True, False]), ("stop", [True, False])):
        assert [asked(manager, verb) for _ in changes] == [(3, changed) for changed in changes], verb
    assert [asked(manager, "restart") for _ in range(2)] == [(3, True)] * 2, "each is a restart"
    assert asked(manager, "promote") == (3, True)
    assert asked(manager, "components/web/thaw") == (3, False)
    assert asked(manager, "rollback", {"revision": 1}) == (4, True)
    assert asked(manager, "unpin") == (4, True)
    reply = manager.request("DELETE", "/api/businesses/written").json()
    assert (reply["revision"], reply["changed"]) == (4, True)


def test_a_field_that_is_wrong_is_named_by_its_path(manager: Cluster) -> None:
    for method, path, body, where in (
        (
            "POST",
            "/api/plan",
            {"suppose": {"add_nodes": [{"cpu_cores": "x", "memory_mb": 1}]}},
            "suppose.add_nodes[0].cpu_cores",
        ),
        ("POST", "/api/plan", {"prune": "yes"}, "prune"),
        ("POST", "/api/sync", {"businesses": ["a", 7]}, "businesses[1]"),
        ("POST", "/api/approvals", {"businesses": "shop"}, "businesses"),
        ("POST", "/api/nodes/none/drain", {"deadline": -1}, "deadline"),
        ("POST", "/api/businesses/none/rollback", {"revision": 0}, "revision"),
    ):
        reply = manager.request(method, path, json=body)
        assert reply.status_code == 422, reply.text
        assert [error["path"] for error in reply.json()["errors"]] == [where]

"""Whatever is sent, the answer is an error that says what is wrong, never a 500, and nothing is stored."""

import json
import socket
import sqlite3
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.cluster import Cluster, business, docker_component
from tests.support.waiting import wait_until

JSON = {"Content-Type": "application/json"}
YAML = {"Content-Type": "application/yaml"}


def stored(manager: Cluster) -> list[str]:
    """The whole database as SQL."""
    with sqlite3.connect(manager.root / "manager.db") as connection:
        return list(connection.iterdump())


def shop(**more: Any) -> dict[str, Any]:
    """An acceptable business, unless the fields say otherwise."""
    return business("shop", [docker_component("web")]) | more


def component(**more: Any) -> dict[str, Any]:
    """A business whose one component has these fields."""
    return shop(components=[docker_component("web") | more])


def at_rest(manager: Cluster, business_id: str) -> None:
    """Wait until all is on record that follows from accepting this business."""
    manager.wait_status(business_id, "pending")
    wait_until(lambda: any(event["kind"] == "status" for event in manager.get(f"/api/events?business={business_id}")))


def refused(manager: Cluster, method: str, path: str, code: int, *mentions: str, **request: Any) -> dict[str, Any]:
    """Send it, and be refused with this code and these words, in our form, with the database as it was."""
    before = stored(manager)
    reply = manager.request(method, path, **request)
    assert reply.status_code == code, reply.text
    body: dict[str, Any] = reply.json()
    assert body["status"] == "error"
    for word in mentions:
        assert word in reply.text, reply.text
    assert "Traceback" not in reply.text
    assert stored(manager) == before
    return body


@pytest.mark.parametrize(
    ("headers", "body", "word"),
    [
        (JSON, b"{", "JSON"),
        (JSON, b"", "JSON"),
        (JSON, b'{"business_id": "a", "business_id": "b"}', "twice"),
        (JSON, b"\xff\xfe", "UTF-8"),
        (JSON, b"NaN", ""),
        (JSON, b"[" * 100_000, ""),
        (YAML, b"a: [", "line"),
        (YAML, b"a: 1\na: 2\n", "twice"),
        (YAML, b"a: &a [*a]\n", ""),
        (YAML, b"\x00", ""),
    ],
)
def test_what_can_not_be_read_is_400(manager: Cluster, headers: dict[str, str], body: bytes, word: str) -> None:
    reply = refused(manager, "POST", "/api/businesses", 400, word, headers=headers, data=body)
    assert reply["errors"]


@pytest.mark.parametrize("content_type", ["text/html", "multipart/form-data", "application/x-www-form-urlencoded", ""])
def test_other_types_are_415(manager: Cluster, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    refused(manager, "POST", "/api/businesses", 415, "Content-Type", headers=headers, data=json.dumps(shop()))


@pytest.mark.parametrize(
    ("body", "path", "words"),
    [
        ([], "", ["map"]),
        ("text", "", ["map"]),
        (None, "", ["map"]),
        (1, "", ["map"]),
        ({}, "", ["business_id"]),
        (shop(components=[]), "components", []),
        (shop(components={}), "components", []),
        (shop(business_id="a/b"), "business_id", ["a/b"]),
        (shop(business_id="../etc"), "business_id", ["../etc"]),
        (shop(business_id=""), "business_id", []),
        (shop(business_id="x" * 300), "business_id", []),
        (shop(busines_name="x"), "busines_name", ["did you mean", "business_name"]),
        (shop(components=[docker_component("web"), docker_component("web")]), "components[1]", ["web"]),
        (component(imagename="x"), "components[0].imagename", ["image_name"]),
        (component(type="dokcer"), "components[0].type", ["dokcer", "docker", "process"]),
        (component(image_name=7), "components[0].image_name", ["7"]),
        (component(image_url="ftp://x/y.tar"), "components[0].image_url", ["https://"]),
        (component(image_sha256="abc"), "components[0].image_sha256", ["abc"]),
        (component(replicas=-1), "components[0].replicas", ["-1"]),
        (component(replicas=1e99), "components[0].replicas", []),
        (component(ports=["99999:80"]), "components[0].ports", ["99999"]),
        (component(ports=["80:http"]), "components[0].ports", ["80:http"]),
        (component(restart="sometimes"), "components[0].restart", ["sometimes"]),
        (component(stop_grace_period="soon"), "components[0].stop_grace_period", ["soon"]),
        (component(resource_requirements={"cpu_cores": -1}), "components[0].resource_requirements.cpu_cores", ["-1"]),
        (component(config_files=[{"path": "../x", "content": ""}]), "components[0].config_files[0].path", ["../x"]),
        (component(config_files=[{"path": "/a/../../x", "content": ""}]), "components[0].config_files[0].path", []),
    ],
)
def test_what_is_no_business_is_422(manager: Cluster, body: Any, path: str, words: list[str]) -> None:
    reply = refused(manager, "POST", "/api/businesses", 422, *words, headers=JSON, data=json.dumps(body))
    assert any(error["path"].startswith(path) for error in reply["errors"]), reply


def test_every_error_is_listed_at_once(manager: Cluster) -> None:
    broken = shop(components=[docker_component("web", replicas=-1, typ="docker"), docker_component("db", ports=["x"])])
    reply = refused(manager, "POST", "/api/businesses", 422, json=broken)
    assert {error["path"] for error in reply["errors"]} >= {
        "components[0].replicas",
        "components[0].typ",
        "components[1].ports",
    }


def test_yaml_with_other_than_one_business_is_422(manager: Cluster) -> None:
    two = f"{json.dumps(shop())}\n---\n{json.dumps(shop(business_id='other'))}\n"
    refused(manager, "POST", "/api/businesses", 422, "2 businesses", headers=YAML, data=two)
    refused(manager, "POST", "/api/businesses", 422, "0 businesses", headers=YAML, data="# nothing\n")


def test_bodies_beyond_the_limit_are_413(manager: Cluster) -> None:
    big = shop(components=[docker_component("web", environment_variables={"A": "x" * 1_100_000})])
    refused(manager, "POST", "/api/businesses", 413, "1048576", json=big)


def test_a_body_of_unknown_length_is_bounded_too(manager: Cluster) -> None:
    chunks = (b"x" * 65536 for _ in range(40))
    refused(manager, "POST", "/api/businesses", 413, headers=JSON, data=chunks)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/businesses/none"),
        ("PUT", "/api/businesses/none"),
        ("DELETE", "/api/businesses/none"),
        ("POST", "/api/businesses/none/stop"),
        ("POST", "/api/businesses/none/restart"),
        ("GET", "/api/businesses/none/components"),
        ("GET", "/api/businesses/none/revisions"),
        ("GET", "/api/nodes/none"),
        ("POST", "/api/nodes/none/cordon"),
        ("POST", "/api/nodes/none/drain"),
        ("GET", "/api/nothing"),
        ("GET", "/api/businesses/%2e%2e%2fetc"),
        ("GET", "/static/../app.py"),
    ],
)
def test_what_is_not_there_is_404(manager: Cluster, method: str, path: str) -> None:
    refused(manager, method, path, 404, json=shop(business_id="none") if method == "PUT" else None)


def test_methods_a_path_does_not_take_are_405(manager: Cluster) -> None:
    refused(manager, "PATCH", "/api/businesses", 405)


def test_an_id_that_exists_is_409(manager: Cluster) -> None:
    manager.post(shop(business_id="taken"))
    at_rest(manager, "taken")
    refused(manager, "POST", "/api/businesses", 409, "taken", "PUT", json=shop(business_id="taken"))


def test_an_address_that_disagrees_with_the_body_is_422(manager: Cluster) -> None:
    manager.post(shop(business_id="mine"))
    at_rest(manager, "mine")
    refused(manager, "PUT", "/api/businesses/mine", 422, "mine", "other", json=shop(business_id="other"))


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"businesses": {}}, "list"),
        ({"businesses": [7]}, "businesses[0]"),
        ({"businesses": [shop(), shop()]}, "twice"),
        ({"prune": "yes"}, "prune"),
        ({"bussinesses": []}, "bussinesses"),
        ([], "object"),
    ],
)
def test_a_plan_of_what_is_no_business_is_422(manager: Cluster, body: Any, word: str) -> None:
    refused(manager, "POST", "/api/plan", 422, word, json=body)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ([], "object"),
        ({}, "object"),
        ({"web": -1}, "-1"),
        ({"web": True}, "true"),
        ({"web": 1e9}, "10000"),
        ({"x": 1}, "x"),
    ],
)
def test_bad_numbers_of_replicas_are_422(manager: Cluster, body: Any, word: str) -> None:
    if manager.status("scaled") == "":
        manager.post(shop(business_id="scaled"))
    at_rest(manager, "scaled")
    refused(manager, "POST", "/api/businesses/scaled/scale", 422, word, json=body)
    refused(manager, "POST", "/api/businesses/none/scale", 404, json={"web": 1})


def test_planning_stores_nothing(manager: Cluster) -> None:
    before = stored(manager)
    reply = manager.request("POST", "/api/plan", json={"businesses": [shop(business_id="planned")]})
    assert reply.status_code == 200
    assert stored(manager) == before


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0x10", "limit=99999999", f"after={'9' * 400}"])
def test_bad_event_queries_are_422(manager: Cluster, query: str) -> None:
    refused(manager, "GET", f"/api/events?{query}", 422)


@pytest.mark.parametrize("body", [[], {"deadline": "soon"}, {"deadline": -1}, {"deadline": True}, {"dead": 1}])
def test_a_drain_s_deadline_is_a_number_of_seconds(manager: Cluster, body: Any) -> None:
    refused(manager, "POST", "/api/nodes/none/drain", 422, "deadline", json=body)


@pytest.mark.parametrize("path", ["/api/report", "/api/report/component"])
@pytest.mark.parametrize(
    ("body", "code"),
    [(b"{", 400), (b"[]", 422), (b"{}", 422), (b'{"node_id": 7}', 422), (b'{"node_id": "../x"}', 422), (b"\xff", 400)],
)
def test_bad_reports_are_refused(manager: Cluster, path: str, body: bytes, code: int) -> None:
    refused(manager, "POST", path, code, headers=JSON, data=body)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from(sorted(docker_component("web"))), value=ANYTHING, extra=ANYTHING)
def test_nothing_breaks_the_manager(manager: Cluster, field: str, value: Any, extra: Any) -> None:
    """Any value in any field, and any document at all, is planned or refused."""
    for document in (component(**{field: value}), extra):
        reply = manager.request("POST", "/api/plan", json={"businesses": [document]})
        assert reply.status_code in (200, 422), reply.text


def test_what_is_no_http_does_no_harm(manager: Cluster) -> None:
    for noise in (
        b"\x00" * 100,
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/businesses HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", manager.port), timeout=10) as connection:
            connection.sendall(noise)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(200)
            assert b" 500 " not in answer
    assert requests.get(f"{manager.url}/readyz", timeout=5).ok

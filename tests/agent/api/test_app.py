"""The agent's API as the manager and an operator with curl use it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from agent.api.app import BODY_BYTES_MAX, build_app
from agent.supervisor.supervisor import Supervisor
from reconciler.manifest.digest import digest
from reconciler.manifest.model import Component
from reconciler.wire.codec import encode
from reconciler.wire.exec_stream import COMMANDS_MAX
from reconciler.wire.messages import InstanceKey
from tests.agent.supervisor.memory_runtime import MemoryRuntime, a_deploy, a_stop
from tests.support.waiting import wait_until

TOKEN = "a-token-of-enough-letters"
MISSION_BODY: dict[str, Any] = {
    "component_id": "component-1",
    "business_id": "unique-business-id",
    "component_name": "web-server",
    "type": "docker",
    "image_url": "https://example.com/images/web-server.tar",
    "image_name": "web-server:latest",
    "resource_requirements": {"cpu_cores": 2, "memory_mb": 1024, "gpu": False},
    "environment_variables": {"PORT": "8080", "DB_HOST": "localhost"},
    "config_files": [{"path": "/etc/web-server/config.json", "content": '{"key": "value"}'}],
}


@pytest.fixture
def runtime() -> MemoryRuntime:
    return MemoryRuntime()


@pytest.fixture
def supervisor(runtime: MemoryRuntime) -> Iterator[Supervisor]:
    supervisor = Supervisor({"docker": runtime}, lambda _: None)
    yield supervisor
    supervisor.close()


@pytest.fixture
def client(supervisor: Supervisor) -> FlaskClient:
    return build_app(supervisor, "node-1", None).test_client()


def refused(reply: Any, code: int, words: str) -> None:
    """It is an error of ours: JSON, with a message a person can use."""
    assert reply.status_code == code, reply.text
    assert reply.json["status"] == "error"
    assert words in reply.json["message"]
    assert "Traceback" not in reply.text


def wait_running(client: FlaskClient, count: int = 1) -> list[dict[str, Any]]:
    def running() -> list[dict[str, Any]]:
        found = client.get("/api/components").json
        assert isinstance(found, list)
        return found if [one["status"] for one in found] == ["running"] * count else []

    return wait_until(running, what="everything to run")


def test_the_missions_bodies_deploy_and_stop(client: FlaskClient, runtime: MemoryRuntime) -> None:
    reply = client.post("/api/deploy", json=MISSION_BODY)
    assert (reply.status_code, reply.json["status"], reply.json["container_id"]) == (200, "success", None)
    (report,) = wait_running(client)
    assert (report["business_id"], report["component_id"], report["version"]) == (
        "unique-business-id",
        "component-1",
        1,
    )
    component = Component(**{key: value for key, value in MISSION_BODY.items() if key != "business_id"})
    assert len(report["digest"]) == len(digest(component)) == 64
    again = client.post("/api/deploy", json=MISSION_BODY)
    assert again.json["container_id"] == report["container_id"]
    stop = {key: report[key] for key in ("component_id", "business_id", "container_id")}
    reply = client.post("/api/stop", json=stop)
    assert (reply.status_code, reply.json["status"]) == (200, "success")
    wait_until(lambda: client.get("/api/components").json == [])
    assert runtime.containers == {}


def test_the_managers_own_messages_are_read(client: FlaskClient, runtime: MemoryRuntime) -> None:
    headers = {"Content-Type": "application/json"}
    assert client.post("/api/deploy", data=encode(a_deploy(version=4)), headers=headers).status_code == 200
    wait_running(client)
    assert runtime.created == [(InstanceKey("shop", "web", 0), "app:1", 4)]
    refused(client.post("/api/deploy", data=encode(a_deploy(version=3)), headers=headers), 409, "version 3 is older")
    refused(client.post("/api/stop", data=encode(a_stop(version=3)), headers=headers), 409, "older")


def test_a_stop_without_an_instance_means_the_one_with_the_container(
    client: FlaskClient, runtime: MemoryRuntime
) -> None:
    for instance in (0, 1):
        client.post("/api/deploy", json=MISSION_BODY | {"instance": instance})
    wait_running(client, 2)
    (second,) = runtime.of(InstanceKey("unique-business-id", "component-1", 1))
    body = {"business_id": "unique-business-id", "component_id": "component-1", "container_id": second.container_id}
    client.post("/api/stop", json=body)
    wait_until(lambda: second.container_id not in runtime.containers)
    (left,) = wait_running(client)
    assert left.get("instance", 0) == 0


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"{", 400, "not JSON"),
        (b"\xff\xfe", 400, "not JSON"),
        (b"[" * 100_000, 400, "not JSON"),
        (b"[]", 422, "JSON object"),
        (json.dumps(MISSION_BODY | {"resource_requirements": {"cpu_cores": "two"}}).encode(), 422, "cpu_cores"),
        (json.dumps(MISSION_BODY | {"imagename": "x"}).encode(), 422, "imagename"),
        (json.dumps(MISSION_BODY | {"type": "vm"}).encode(), 422, "this node runs: docker"),
        (json.dumps(MISSION_BODY | {"type": "process"}).encode(), 422, "this node runs: docker"),
        (json.dumps(MISSION_BODY | {"type": 7}).encode(), 422, "type"),
        (json.dumps(MISSION_BODY | {"business_id": "../../etc"}).encode(), 422, "business_id"),
        (json.dumps(MISSION_BODY | {"component_id": ""}).encode(), 422, "component_id"),
        (json.dumps(MISSION_BODY | {"instance": -1}).encode(), 422, "instance"),
        (json.dumps(MISSION_BODY | {"version": "new"}).encode(), 422, "version"),
        (json.dumps(MISSION_BODY | {"version": -2}).encode(), 422, "version"),
    ],
)
def test_what_is_no_deploy_is_refused_with_a_reason(client: FlaskClient, body: bytes, code: int, words: str) -> None:
    reply = client.post("/api/deploy", data=body, headers={"Content-Type": "application/json"})
    refused(reply, code, words)
    assert client.get("/api/components").json == []


def test_no_value_of_the_environment_is_in_an_error(client: FlaskClient) -> None:
    body = MISSION_BODY | {"environment_variables": {"DB_PASSWORD": ["hunter2"]}}
    reply = client.post("/api/deploy", json=body)
    refused(reply, 422, "environment_variables")
    assert "hunter2" not in reply.text


def test_only_json_of_a_bounded_size_is_read(client: FlaskClient) -> None:
    refused(client.post("/api/deploy", data=b"a: b", headers={"Content-Type": "text/yaml"}), 415, "application/json")
    refused(client.post("/api/stop", data=b"{}"), 415, "application/json")
    large = b" " * (BODY_BYTES_MAX + 1)
    refused(client.post("/api/deploy", data=large, headers={"Content-Type": "application/json"}), 413, "16 MB")


EXEC = {"business_id": "shop", "component_id": "web", "command": ["grüß", "dich"]}


def frames(reply: Any) -> list[dict[str, Any]]:
    """What a stream of frames says, without those that only say that it goes on."""
    assert reply.mimetype == "application/x-ndjson"
    text = reply.text
    reply.close()
    return [frame for line in text.splitlines() if (frame := json.loads(line)).keys() - {"stream"}]


def deployed(client: FlaskClient) -> None:
    assert client.post("/api/deploy", data=encode(a_deploy()), content_type="application/json").status_code == 200
    wait_running(client)


def test_a_command_answers_in_frames(client: FlaskClient, runtime: MemoryRuntime) -> None:
    deployed(client)
    told = frames(client.post("/api/exec", json=EXEC))
    assert "".join(frame["text"] for frame in told if frame.get("stream") == "stdout") == "grüß dich"
    assert "".join(frame["text"] for frame in told if frame.get("stream") == "stderr") == "grüß dich\ufffd"
    assert told[-1] == {"exit_code": 5}
    assert runtime.executions[0].ended.is_set()


def test_a_command_is_ended_in_time_and_with_its_reader(client: FlaskClient, runtime: MemoryRuntime) -> None:
    deployed(client)
    late = frames(client.post("/api/exec", json=EXEC | {"command": ["wait"], "timeout": 0.05}))
    assert late == [{"error": "the command did not end in 0.05 s and was ended"}]
    for _ in range(2 * COMMANDS_MAX):
        client.post("/api/exec", json=EXEC | {"command": ["wait"]}, buffered=False).close()
        assert runtime.executions[-1].ended.is_set()


def test_a_bounded_number_of_commands_runs_and_ends_with_the_agent(
    client: FlaskClient, supervisor: Supervisor, runtime: MemoryRuntime
) -> None:
    deployed(client)
    body = EXEC | {"command": ["wait"]}
    replies = [client.post("/api/exec", json=body, buffered=False) for _ in range(COMMANDS_MAX)]
    refused(client.post("/api/exec", json=body), 503, "4 commands run on this node already")
    supervisor.close()
    assert all(execution.ended.is_set() for execution in runtime.executions)
    for reply in replies:
        reply.close()


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"{", 400, "not JSON"),
        (b"[]", 422, "JSON object"),
        (json.dumps(EXEC | {"business_id": "../../etc"}).encode(), 422, "business_id"),
        (json.dumps(EXEC | {"component_id": 7}).encode(), 422, "component_id"),
        (json.dumps(EXEC | {"instance": -1}).encode(), 422, "instance"),
        (json.dumps(EXEC | {"command": "ls"}).encode(), 422, "command"),
        (json.dumps(EXEC | {"command": []}).encode(), 422, "name a program"),
        (json.dumps(EXEC | {"command": ["ls", None]}).encode(), 422, "command"),
        (json.dumps(EXEC | {"command": ["a\0"]}).encode(), 422, "NUL"),
        (json.dumps(EXEC | {"command": ["a"] * 1001}).encode(), 422, "1001 words"),
        (json.dumps(EXEC | {"command": ["a" * 131_073]}).encode(), 422, "128 KiB"),
        (json.dumps(EXEC | {"timeout": 0}).encode(), 422, "timeout"),
        (json.dumps(EXEC | {"timeout": 3601}).encode(), 422, "timeout"),
        (json.dumps(EXEC | {"timeout": "long"}).encode(), 422, "timeout"),
        (json.dumps(EXEC).encode(), 404, "nothing of shop/web/0 is on this node"),
    ],
)
def test_what_is_no_command_is_refused_with_a_reason(
    client: FlaskClient, runtime: MemoryRuntime, body: bytes, code: int, words: str
) -> None:
    refused(client.post("/api/exec", data=body, content_type="application/json"), code, words)
    assert runtime.executions == []


def test_unknown_paths_and_methods_are_answered_in_json(client: FlaskClient) -> None:
    refused(client.get("/nothing"), 404, "no such path")
    refused(client.get("/api/deploy"), 405, "method")


def test_a_mistake_of_ours_is_answered_without_its_trace(supervisor: Supervisor) -> None:
    app = build_app(supervisor, "node-1", None)
    app.add_url_rule("/broken", view_func=lambda: {}["secret"])
    refused(app.test_client().get("/broken"), 500, "KeyError")


def test_with_a_token_only_who_has_it_may_call(supervisor: Supervisor) -> None:
    client = build_app(supervisor, "node-1", TOKEN).test_client()
    refused(client.get("/api/components"), 401, "Bearer TOKEN")
    refused(client.get("/api/components", headers={"Authorization": "Bearer wrong"}), 403, "token")
    refused(client.get("/nothing"), 401, "token")
    refused(client.post("/api/exec", json=EXEC), 401, "token")
    assert client.get("/api/components", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert client.get("/healthz").json["node_id"] == "node-1"


def test_without_a_token_no_web_page_may_call(client: FlaskClient) -> None:
    headers = {"Origin": "http://evil.example"}
    refused(client.post("/api/deploy", json=MISSION_BODY, headers=headers), 403, "web pages")
    refused(client.get("/api/components", headers={"Host": "evil.example:7701"}), 403, "127.0.0.1")
    refused(client.post("/api/exec", json=EXEC, headers=headers), 403, "web pages")
    for host in ("127.0.0.1:7701", "localhost:7701", "[::1]:7701"):
        assert client.get("/api/components", headers={"Host": host}).status_code == 200

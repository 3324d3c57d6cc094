"""Who may call: with a token whoever has it, without one this machine only, and no page of another site."""

from pathlib import Path

import pytest
import requests

from tests.support.cluster import Cluster, business, docker_component
from tests.support.commands import command
from tests.support.processes import free_port

READING = ("/api/businesses", "/api/nodes", "/api/events", "/api/businesses/x/components")


@pytest.mark.parametrize("path", READING)
@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer ", "Basic czNjcmV0", "s3cret-of-the-fleet"])
def test_without_the_token_nothing_is_told(guarded: Cluster, path: str, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    reply = requests.get(guarded.url + path, headers=headers, timeout=5)
    assert reply.status_code in (401, 403)
    assert reply.json()["status"] == "error"


def test_without_the_token_nothing_is_taken(guarded: Cluster) -> None:
    shop = business("shop", [docker_component("web")])
    for method, path in (("POST", "/api/businesses"), ("POST", "/api/report"), ("POST", "/api/sync")):
        reply = requests.request(method, guarded.url + path, json=shop, timeout=5)
        assert reply.status_code == 401
    for path in ("/api/businesses/shop/components/web/0/exec", "/api/nodes/a/drain"):
        assert requests.post(guarded.url + path, json={"command": ["true"]}, timeout=5).status_code == 401
    assert guarded.get("/api/businesses") == []
    assert guarded.get("/api/events") == []


def test_health_and_the_empty_dashboard_are_open(guarded: Cluster) -> None:
    for path in ("/healthz", "/readyz", "/"):
        assert requests.get(guarded.url + path, timeout=5).status_code == 200


def test_with_the_token_all_is_as_usual(guarded: Cluster) -> None:
    guarded.post(business("shop", [docker_component("web")]))
    assert guarded.cli("get", "shop").returncode == 0
    guarded.delete("shop")


def test_the_command_line_says_what_is_missing(guarded: Cluster, tmp_path: Path) -> None:
    without = command("--manager", guarded.url, "get")
    assert without.returncode == 1
    assert "--token-file" in without.stderr and "RECONCILER_TOKEN" in without.stderr
    wrong = command("--manager", guarded.url, "get", RECONCILER_TOKEN="another-one-altogether")
    assert wrong.returncode == 1 and "another-one" not in wrong.stderr
    none = command("--manager", guarded.url, "get", RECONCILER_TOKEN="short")
    assert none.returncode == 2 and "16 to 4096" in none.stderr
    token_file = tmp_path / "token"
    token_file.write_text("s3cret-of-the-fleet\n")
    right = command("--manager", guarded.url, "--token-file", str(token_file), "get")
    assert right.returncode == 0, right.stderr


def test_the_token_is_in_no_log(guarded: Cluster) -> None:
    assert "the manager listens" in guarded.logs(1000) and "s3cret" not in guarded.logs(1000)


@pytest.mark.parametrize("words", [["serve", "--db", "m.db"], ["agent", "--node-id", "a", "--state-dir", "state"]])
def test_without_a_token_only_loopback_is_served(tmp_path: Path, words: list[str]) -> None:
    words = [str(tmp_path / word) if word in ("m.db", "state") else word for word in words]
    for listen in (f"0.0.0.0:{free_port()}", f"[::]:{free_port()}"):
        done = command(*words, "--listen", listen)
        assert done.returncode == 1
        assert "--token-file" in done.stderr and "127.0.0.1" in done.stderr and "Traceback" not in done.stderr


def test_pages_of_other_sites_can_do_nothing(manager: Cluster) -> None:
    shop = business("shop", [docker_component("web")])
    reply = manager.request("POST", "/api/businesses", json=shop, headers={"Origin": "https://evil.example"})
    assert reply.status_code == 403
    own = manager.request("GET", "/api/businesses", headers={"Origin": manager.url})
    assert own.status_code == 200

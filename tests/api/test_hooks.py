"""Webhooks: each forge's own signature lets its pushes in; the forged, the replayed and the wrong change nothing."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from tests.support.cluster import Cluster
from tests.support.forges import FORGES, Delivery, github, gitlab_signed
from tests.support.repositories import Repository, spec
from tests.support.waiting import wait_until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
REPOSITORY = "team/infra"


@pytest.fixture(scope="module")
def infra(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = Repository(tmp_path_factory.mktemp("team") / "team", "infra")
    made.push({"desired/shop.yaml": spec("shop")})
    return made


@pytest.fixture(scope="module")
def manager(infra: Repository, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("hooks"), token="s3cret-of-the-fleet")
    secret = cluster.root / "hook-secret"
    secret.write_text(f"{SECRET}\n")
    secret.chmod(0o600)
    git = ("--git", str(infra.bare), "--branch", "main", "--path", "desired", "--poll", "1h")
    cluster.start_manager(*git, "--hook-secret-file", str(secret))
    wait_until(lambda: cluster.status("shop"), what="the first fetch")
    yield cluster
    cluster.close()


def deliver(cluster: Cluster, delivery: Delivery) -> requests.Response:
    headers, body = delivery
    return requests.post(f"{cluster.url}/api/hooks/git", data=body, headers=headers, timeout=30)


def told(reply: requests.Response, code: int) -> str:
    assert reply.status_code == code, reply.text
    answer: dict[str, Any] = reply.json()
    assert answer["status"] == ("success" if code < 400 else "error") and SECRET not in reply.text
    return str(answer["message"])


@pytest.mark.parametrize("forge", FORGES)
def test_a_push_is_fetched_at_once(manager: Cluster, infra: Repository, forge: str) -> None:
    name = forge.replace(" ", "-")
    sha = infra.push({f"desired/{name}.yaml": spec(name)}, f"Add {name}")
    assert "infra@main/desired" in told(deliver(manager, FORGES[forge](SECRET, REPOSITORY)), 202)
    wait_until(lambda: manager.status(name), what="the push to be taken")
    found = manager.get(f"/api/businesses/{name}")
    assert found["commit"] | {"at": ""} == {"sha": sha, "author": "Ada Lovelace", "subject": f"Add {name}", "at": ""}


@pytest.mark.parametrize("forge", FORGES)
def test_forgeries_are_refused(manager: Cluster, forge: str) -> None:
    told(deliver(manager, FORGES[forge]("whsec_YW5vdGhlci1zZWNyZXQtYXQtYWxs", REPOSITORY)), 401)
    headers, body = FORGES[forge](SECRET, REPOSITORY)
    if forge != "gitlab":
        told(deliver(manager, (headers, body.replace(b"refs/heads/main", b"refs/heads/evil"))), 401)
    unsigned = {name: value for name, value in headers.items() if "ignature" not in name and "Token" not in name}
    assert "not signed" in told(deliver(manager, (unsigned, body)), 401)
    odd = {name: "\u00e9" if "ignature" in name or "Token" in name else value for name, value in headers.items()}
    told(deliver(manager, ({name: value.encode() for name, value in odd.items()}, body)), 401)  # type: ignore[dict-item]


@pytest.mark.parametrize("forge", FORGES)
def test_replays_are_refused_also_under_another_id(manager: Cluster, forge: str) -> None:
    headers, body = FORGES[forge](SECRET, REPOSITORY)
    told(deliver(manager, (headers, body)), 202)
    assert "taken before" in told(deliver(manager, (headers, body)), 409)
    if forge != "gitlab signed":
        renamed = {name: "other" if "Delivery" in name or "UUID" in name else value for name, value in headers.items()}
        told(deliver(manager, (renamed, body)), 409)


def test_a_signed_time_has_to_be_now(manager: Cluster) -> None:
    for at in (time.time() - 3600, time.time() + 3600):
        assert "of another time" in told(deliver(manager, gitlab_signed(SECRET, REPOSITORY, at=at)), 401)


@pytest.mark.parametrize("forge", FORGES)
def test_other_branches_and_repositories_and_events_fetch_nothing(manager: Cluster, forge: str) -> None:
    make = FORGES[forge]
    assert "'feature/x'" in told(deliver(manager, make(SECRET, REPOSITORY, branch="feature/x")), 200)
    assert "other/thing" in told(deliver(manager, make(SECRET, "other/thing")), 404)
    assert "changes nothing" in told(deliver(manager, make(SECRET, REPOSITORY, event="ping")), 200)


def test_bodies_that_are_too_large_or_no_push(manager: Cluster) -> None:
    told(deliver(manager, github(SECRET, REPOSITORY, padding="x" * 1024 * 1024)), 413)
    told(deliver(manager, github(SECRET, REPOSITORY, ref=7)), 422)
    told(deliver(manager, github(SECRET, REPOSITORY, project=[1], ref=None)), 422)
    headers, _ = github(SECRET, REPOSITORY)
    told(deliver(manager, (headers | {"Content-Type": "text/plain"}, b"x")), 415)


def test_github_s_form_encoded_bodies_are_read(manager: Cluster, infra: Repository) -> None:
    _, body = github(SECRET, REPOSITORY)
    form = urlencode({"payload": json.dumps(json.loads(body))}).encode()
    signed = github(SECRET, REPOSITORY)[0] | {"Content-Type": "application/x-www-form-urlencoded"}
    signed["X-Hub-Signature-256"] = "sha256=" + hmac.new(SECRET.encode(), form, hashlib.sha256).hexdigest()
    told(deliver(manager, (signed, form)), 202)


def test_the_rest_of_the_api_still_asks_for_the_token(manager: Cluster) -> None:
    headers, body = github(SECRET, REPOSITORY)
    for path in ("/api/sync", "/api/hooks/git/", "/api/hooks", "/api/sources"):
        reply = requests.post(manager.url + path, data=body, headers=headers, timeout=30)
        assert reply.status_code == 401, path


def test_without_a_secret_every_webhook_is_refused(guarded: Cluster) -> None:
    assert "--hook-secret-file" in told(deliver(guarded, github(SECRET, REPOSITORY)), 403)

"""What forges say of pushes, and who they are."""

import hashlib
import json
import time
from urllib.parse import urlencode

import pytest

from reconciler.control.webhook import (
    TOLERANCE_SECONDS,
    BadDelivery,
    Push,
    event_of,
    marks_of,
    push_of,
    refusal,
)
from tests.support.forges import FORGES, github, gitlab_signed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = 1_700_000_000.0


class Headers(dict[str, str]):
    """Headers, whose names are the same in upper and lower case."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in headers.items()})

    def get(self, name: str) -> str | None:  # type: ignore[override]
        return super().get(name.lower())


@pytest.mark.parametrize("forge", FORGES)
def test_each_forge_is_known_by_its_own_signature(forge: str) -> None:
    headers, body = FORGES[forge](SECRET, "team/infra")
    assert refusal(Headers(headers), body, SECRET, time.time()) == ""
    assert refusal(Headers(headers), body, "another", time.time()) != ""
    push = push_of(headers["Content-Type"], body)
    assert "team/infra" in push.repositories and push.branch == "main"


def test_a_body_that_was_changed_is_refused() -> None:
    headers, body = github(SECRET, "team/infra")
    assert "does not fit the body" in refusal(Headers(headers), body + b" ", SECRET, NOW)


def test_what_is_not_signed_is_refused_with_what_is_known() -> None:
    assert "the delivery is not signed" in refusal(Headers({}), b"{}", SECRET, NOW)


def test_a_signed_time_may_be_a_little_off_and_no_more() -> None:
    headers, body = gitlab_signed(SECRET, "team/infra", at=NOW)
    assert refusal(Headers(headers), body, SECRET, NOW + TOLERANCE_SECONDS) == ""
    assert "another time" in refusal(Headers(headers), body, SECRET, NOW + TOLERANCE_SECONDS + 1)
    without = {name: value for name, value in headers.items() if name.lower() != "webhook-id"}
    assert "needs webhook-id" in refusal(Headers(without), body, SECRET, NOW)


def test_a_delivery_is_known_again_by_its_body_and_its_id() -> None:
    headers, body = github(SECRET, "team/infra")
    assert marks_of(Headers(headers), body) == [
        f"body {hashlib.sha256(body).hexdigest()}",
        f"id {headers['X-GitHub-Delivery']}",
    ]
    assert event_of(Headers(headers)) == "push"
    assert event_of(Headers({})) == ""


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b"{}", b'{"ref": 3}', b'{"ref": "x", "repository": 3}', b"[" * 100_000]
)
def test_what_is_no_push_is_refused(body: bytes) -> None:
    with pytest.raises(BadDelivery, match="the body is no push"):
        push_of("application/json", body)


def test_a_push_may_come_as_a_form() -> None:
    told = json.dumps({"ref": "refs/heads/live", "repository": {"full_name": "team/infra", "default_branch": "main"}})
    push = push_of("application/x-www-form-urlencoded", urlencode({"payload": told}).encode())
    assert push == Push(frozenset({"team/infra"}), "live", "main")

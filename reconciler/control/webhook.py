"""What a git forge says when somebody pushed, and whether it was that forge: signatures as each of them makes them.

GitHub signs the body with HMAC-SHA256 in X-Hub-Signature-256, Gitea in X-Gitea-Signature, Forgejo in
X-Forgejo-Signature; GitLab sends its secret in X-Gitlab-Token or, with a signing token, signs id, time and body as
https://www.standardwebhooks.com has it. What is not signed, such as the delivery's id, is not relied on alone.
"""

import base64
import binascii
import contextlib
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qs

from reconciler.source.git.source import GitSource, repository_path

TOLERANCE_SECONDS = 300.0
"""How old, or how far ahead, a delivery with a signed time may be."""

SIGNATURES = ("X-Forgejo-Signature", "X-Gitea-Signature", "X-Hub-Signature-256", "webhook-signature", "X-Gitlab-Token")
DELIVERIES = ("X-Forgejo-Delivery", "X-Gitea-Delivery", "X-GitHub-Delivery", "webhook-id", "X-Gitlab-Event-UUID")
EVENTS = ("X-Forgejo-Event", "X-Gitea-Event", "X-GitHub-Event", "X-Gitlab-Event")
PUSHES = ("push", "Push Hook", "System Hook")
URLS = ("clone_url", "ssh_url", "html_url", "git_http_url", "git_ssh_url", "http_url", "homepage", "web_url", "url")


class Headers(Protocol):
    """A request's headers; a name is the same in upper and lower case."""

    def get(self, name: str, /) -> str | None:
        """The value, None where there is none."""


class BadDelivery(Exception):
    """A delivery that can't be taken; the text says why, and nothing of the secret."""


@dataclass(frozen=True, slots=True)
class Push:
    """A push to a branch of a repository, which has these paths (`team/infra`) and this default branch."""

    repositories: frozenset[str]
    branch: str
    default_branch: str

    def concerns(self, source: GitSource) -> bool:
        """Whether it is to the source's repository."""
        path = repository_path(source.url)
        return any(path == name or path.endswith(f"/{name}") for name in self.repositories)

    def moves(self, source: GitSource) -> bool:
        """Whether it is to the source's branch; a repository whose default is not told may have moved any."""
        return self.branch == (source.config.branch or self.default_branch or self.branch)


def refusal(headers: Headers, body: bytes, secret: str, now: float) -> str:
    """Why this is not from a forge that knows the secret; "" when it is. The first signature that is there counts."""
    for name in SIGNATURES:
        given = headers.get(name)
        if given is None:
            continue
        if name == "X-Gitlab-Token":
            return "" if _same(given, secret) else "X-Gitlab-Token is not the secret"
        if name == "webhook-signature":
            return _standard(headers, given, body, secret, now)
        expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        prefix = "sha256=" if name == "X-Hub-Signature-256" else ""
        return "" if _same(given, prefix + expected) else f"{name} does not fit the body and the secret"
    return f"the delivery is not signed: give the webhook the secret ({', '.join(SIGNATURES)} are known)"


def event_of(headers: Headers) -> str:
    """What happened, in the forge's word; "" when it says nothing."""
    return next((told for name in EVENTS if (told := headers.get(name))), "")


def marks_of(headers: Headers, body: bytes) -> list[str]:
    """What this delivery is known by again: its id, and its body, which is signed where the id is not."""
    marks = [f"body {hashlib.sha256(body).hexdigest()}"]
    marks += [f"id {told[:200]}" for name in DELIVERIES if (told := headers.get(name))][:1]
    return marks


def push_of(content_type: str, body: bytes) -> Push:
    """The push that the body tells of. Raises BadDelivery."""
    try:
        text = body
        if content_type == "application/x-www-form-urlencoded":
            text = parse_qs(body.decode(), strict_parsing=True, max_num_fields=10)["payload"][0].encode()
        told = json.loads(text)
        repository = told.get("repository") or {}
        project = told.get("project") or {}
        reference = told["ref"]
        known = [part for part in (repository, project) if isinstance(part, dict)]
        paths = {repository_path(part[name]) for part in known for name in URLS if isinstance(part.get(name), str)}
        paths |= {_text(repository, "full_name"), _text(project, "path_with_namespace")}
        default = _text(repository, "default_branch") or _text(project, "default_branch")
        if not isinstance(reference, str):
            raise ValueError
    except (ValueError, KeyError, AttributeError, RecursionError, UnicodeDecodeError):
        raise BadDelivery("the body is no push: it must be JSON with 'ref' and 'repository'") from None
    return Push(frozenset(paths - {""}), reference.removeprefix("refs/heads/"), default)


def _text(part: Any, name: str) -> str:
    found = part.get(name)
    return found if isinstance(found, str) else ""


def _standard(headers: Headers, given: str, body: bytes, secret: str, now: float) -> str:
    """The refusal of a signature over id, time and body; "" when it is good."""
    delivery, time = headers.get("webhook-id") or "", headers.get("webhook-timestamp") or ""
    if not delivery or not time.isascii() or not time.isdigit() or len(time) > 12:
        return "webhook-signature needs webhook-id and webhook-timestamp"
    signed = f"{delivery}.{time}.".encode() + body
    expected = [
        "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in _keys(secret)
    ]
    matches = [_same(one, wanted) for one in given.split(" ")[:10] for wanted in expected]
    if not any(matches):
        return "webhook-signature does not fit the delivery and the secret"
    if abs(now - int(time)) > TOLERANCE_SECONDS:
        return f"the delivery is of another time: more than {TOLERANCE_SECONDS:g} s from now"
    return ""


def _keys(secret: str) -> list[bytes]:
    """What a secret may be the text of: `whsec_` and base64, or the key itself."""
    keys = [secret.encode()]
    if secret.startswith("whsec_"):
        with contextlib.suppress(binascii.Error):
            keys.append(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    return keys


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())

"""Webhook deliveries as the forges make them, each signed its own way."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

Delivery = tuple[dict[str, str], bytes]

ZERO = "0" * 40


def github(secret: str, repository: str, branch: str = "main", event: str = "push", **more: Any) -> Delivery:
    told = {
        "ref": f"refs/heads/{branch}",
        "before": ZERO,
        "after": uuid.uuid4().hex,
        "repository": {
            "full_name": repository,
            "html_url": f"https://github.com/{repository}",
            "ssh_url": f"git@github.com:{repository}.git",
            "clone_url": f"https://github.com/{repository}.git",
            "default_branch": "main",
        },
    }
    body = json.dumps(told | more).encode()
    return {
        "User-Agent": "GitHub-Hookshot/0a1b2c3",
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }, body


def _gitea_like(word: str, secret: str, repository: str, branch: str, event: str, more: dict[str, Any]) -> Delivery:
    headers, body = github(secret, repository, branch, event, **more)
    signature = headers["X-Hub-Signature-256"].removeprefix("sha256=")
    names = ["Gitea", "Gogs"] + (["Forgejo"] if word == "Forgejo" else [])
    for name in names:
        headers |= {
            f"X-{name}-Event": event,
            f"X-{name}-Delivery": headers["X-GitHub-Delivery"],
            f"X-{name}-Signature": signature,
        }
    return headers, body


def gitea(secret: str, repository: str, branch: str = "main", event: str = "push", **more: Any) -> Delivery:
    return _gitea_like("Gitea", secret, repository, branch, event, more)


def forgejo(secret: str, repository: str, branch: str = "main", event: str = "push", **more: Any) -> Delivery:
    return _gitea_like("Forgejo", secret, repository, branch, event, more)


def _gitlab_body(repository: str, branch: str, more: dict[str, Any]) -> bytes:
    told = {
        "object_kind": "push",
        "ref": f"refs/heads/{branch}",
        "after": uuid.uuid4().hex,
        "project": {
            "path_with_namespace": repository,
            "default_branch": "main",
            "git_ssh_url": f"git@gitlab.example.org:{repository}.git",
            "git_http_url": f"https://gitlab.example.org/{repository}.git",
        },
        "repository": {"name": "infra", "homepage": f"https://gitlab.example.org/{repository}"},
    }
    return json.dumps(told | more).encode()


def gitlab(secret: str, repository: str, branch: str = "main", event: str = "push", **more: Any) -> Delivery:
    return {
        "Content-Type": "application/json",
        "X-Gitlab-Event": "Push Hook" if event == "push" else event,
        "X-Gitlab-Event-UUID": str(uuid.uuid4()),
        "X-Gitlab-Token": secret,
    }, _gitlab_body(repository, branch, more)


def gitlab_signed(
    secret: str, repository: str, branch: str = "main", event: str = "push", at: float | None = None, **more: Any
) -> Delivery:
    body = _gitlab_body(repository, branch, more)
    delivery, stamp = str(uuid.uuid4()), str(int(time.time() if at is None else at))
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    signature = hmac.new(key, f"{delivery}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "X-Gitlab-Event": "Push Hook" if event == "push" else event,
        "webhook-id": delivery,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(signature).decode(),
    }, body


FORGES: dict[str, Callable[..., Delivery]] = {
    "github": github,
    "gitea": gitea,
    "forgejo": forgejo,
    "gitlab": gitlab,
    "gitlab signed": gitlab_signed,
}

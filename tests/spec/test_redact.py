"""Secrets are hidden in whatever is shown."""

import json

import msgspec
import pytest

from reconciler.spec.load import load_document
from reconciler.spec.redact import is_secret, redacted


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "password",
        "apiKey",
        "API_KEY",
        "GITHUB_TOKEN",
        "clientSecret",
        "SSH_PRIVATE",
        "AWS_CREDENTIALS",
        "auth",
        "KEY",
    ],
)
def test_names_that_look_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["PORT", "MONKEY", "KEYBOARD", "AUTHOR", "PATH", "DB_HOST", "HOCKEY_TEAM"])
def test_names_that_do_not(name: str) -> None:
    assert not is_secret(name)


def test_nothing_secret_is_left() -> None:
    business = load_document(
        {
            "business_id": "b",
            "components": [
                {
                    "component_id": "c",
                    "image_name": "i",
                    "image_url": "https://me:hunter2@example.com/i.tar",
                    "environment": {"DB_PASSWORD": "hunter2", "DB_URL": "pg://u:hunter2@db/x", "PORT": "80"},
                    "config_files": [{"path": "/a", "content": "password = hunter2"}],
                    "command": ["run", "--password=hunter2", "--api-key", "hunter2", "--verbose"],
                    "labels": {"token": "hunter2"},
                    "logging": {"driver": "splunk", "options": {"splunk-token": "hunter2"}},
                }
            ],
        },
        "body",
    )
    shown = json.dumps(msgspec.to_builtins(redacted(business)))
    assert "hunter2" not in shown
    assert '"PORT": "80"' in shown
    assert "--verbose" in shown
    assert "sha256" in shown

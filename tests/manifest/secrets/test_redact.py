"""Secrets are hidden in whatever is shown."""

import json

import msgspec
import pytest

from reconciler.manifest.load import load_document
from reconciler.manifest.secrets.redact import is_secret, redacted, redacted_words


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


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["run", "--password=a b", "-v"], ["run", "--password=(hidden)", "-v"]),
        (["run", "--api-key", "a", "-v"], ["run", "--api-key", "(hidden)", "-v"]),
        (["run", "--auth", "-v"], ["run", "--auth", "-v"]),
        (["env", "TOKEN=a b", "PORT=80", "psql"], ["env", "TOKEN=(hidden)", "PORT=80", "psql"]),
        (["sh", "-c", "PGPASSWORD=a psql; ls -l"], ["sh", "-c", "PGPASSWORD=(hidden) psql; ls -l"]),
        (["sh", "-ec", "export KEY='a b'&& ls"], ["sh", "-ec", "export KEY=(hidden)&& ls"]),
        (["sh", "-c", "curl --token a --auth -v x"], ["sh", "-c", "curl --token (hidden) --auth -v x"]),
        (["sh", "-c", "A=b; echo MONKEY=c"], ["sh", "-c", "A=b; echo MONKEY=c"]),
        (["CMD-SHELL", "wget pg://u:a@db/x"], ["CMD-SHELL", "wget pg://u:(hidden)@db/x"]),
    ],
)
def test_the_words_of_a_command(words: list[str], shown: list[str]) -> None:
    assert redacted_words(words) == shown

"""What a manager's answers, and their absence, become for whoever typed a command."""

import json
from typing import Any

import pytest

from reconciler.cli.support.client import AlreadyExists, Client, NotFound, Unreachable
from reconciler.cli.support.errors import CliError, ProblemsError, errors_exit_with, problem_of
from reconciler.manifest.errors import Problem
from reconciler.net.http_client import Garbled, HttpClient, Reply, Silent

URL = "http://127.0.0.1:7700"


def answering(monkeypatch: pytest.MonkeyPatch, status: int, body: object) -> Client:
    """A client of a manager that always answers so."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    monkeypatch.setattr(HttpClient, "send", lambda *_: Reply(status, data))
    return Client(URL, None)


@pytest.mark.parametrize(
    ("status", "kind", "mention"),
    [
        (401, CliError, "no; give it with --token-file FILE or RECONCILER_TOKEN"),
        (403, CliError, "--token-file"),
        (404, NotFound, "no"),
        (409, AlreadyExists, "no"),
        (503, CliError, "no"),
    ],
)
def test_a_refusal_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, status: int, kind: type[CliError], mention: str
) -> None:
    client = answering(monkeypatch, status, {"status": "error", "message": "no"})
    for ask in (lambda: client.get("/x"), lambda: client.get_bytes("/x"), lambda: client.put("/x", {})):
        with pytest.raises(kind, match=mention):
            ask()


def test_problems_are_told_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = [{"file": "body", "line": None, "path": "replicas", "message": "is too many"}, "nonsense"]
    client = answering(monkeypatch, 422, {"status": "error", "message": "no", "errors": errors})
    with pytest.raises(ProblemsError) as caught:
        client.post("/x", {})
    assert caught.value.problems == [Problem("", None, "replicas", "is too many")]
    assert problem_of({"file": "a.yaml", "line": 4, "message": "x"}) == Problem("a.yaml", 4, "", "x")


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'{"status": "success"}', b"[" * 100_000])
def test_what_is_no_manager_is_called_so(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    client = answering(monkeypatch, 500, body)
    with pytest.raises(CliError, match=r"what answers at .* is no manager \(status 500\): is the address right"):
        client.get("/x")


@pytest.mark.parametrize(
    ("error", "mention"),
    [
        (Silent("did not answer in 60 s"), "the manager at http://127.0.0.1:7700 did not answer"),
        (Garbled("x"), "reconciler serve"),
    ],
)
def test_silence_is_told_apart_from_absence(monkeypatch: pytest.MonkeyPatch, error: Exception, mention: str) -> None:
    def fail(*_: Any) -> Reply:
        raise error

    monkeypatch.setattr(HttpClient, "send", fail)
    with pytest.raises(Unreachable, match=mention):
        Client(URL, None).get("/x")


def test_errors_end_with_the_status_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    @errors_exit_with(2)
    def fails() -> None:
        raise CliError("no\n  and why")

    with pytest.raises(SystemExit) as ended:
        fails()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "error: no\n  and why\n"

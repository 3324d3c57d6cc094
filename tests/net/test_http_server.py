"""Ending an HTTP server: at once, and politely."""

import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import requests

from reconciler.net.http_server import HttpServer
from reconciler.net.listen import Listen, bind
from tests.support.waiting import wait_until


def serving() -> set[threading.Thread]:
    """The threads of HTTP servers in this process, those of other tests too."""
    return {one for one in threading.enumerate() if one.name.startswith(("http", "waitress"))}


def test_it_ends_although_a_client_keeps_its_connection_and_finishes_what_is_under_way() -> None:
    entered, go_on, before = threading.Event(), threading.Event(), serving()

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/slow":
            entered.set()
            go_on.wait(30)
        start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"ok"]

    bound = bind(Listen("127.0.0.1", 0))
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    server = HttpServer(app, bound, 1000)
    server.start()
    replies: list[str] = []
    slow = threading.Thread(target=lambda: replies.append(requests.get(f"{url}/slow", timeout=30).text))
    with requests.Session() as kept:
        assert kept.get(url, timeout=10).text == "ok"
        slow.start()
        assert entered.wait(30)
        closing = threading.Thread(target=server.close)
        closing.start()
        go_on.set()
        closing.join(30)
        slow.join(30)
    assert replies == ["ok"]
    wait_until(lambda: serving() <= before, what="its threads to end")
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)

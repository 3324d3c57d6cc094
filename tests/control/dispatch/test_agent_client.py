"""What agents' answers, and their silence, mean to the manager."""

from typing import Any

import pytest

from reconciler.control.dispatch.agent_client import AgentClient, AgentError
from reconciler.net.http_client import Reply, Silent, Unreachable
from reconciler.wire.codec import encode
from reconciler.wire.messages import Stop
from reconciler.wire.streams import LogChunk
from tests.support.planning import key

STOP = Stop(business_id="shop", component_id="web", version=3)
ADDRESS = "http://a:7701"


def answering(answer: Reply | Exception) -> AgentClient:
    """A client whose agent gives this answer."""

    class Http:
        def send(self, *_: Any, **__: Any) -> Reply:
            if isinstance(answer, Exception):
                raise answer
            return answer

    client = AgentClient(None)
    client._http = Http()  # type: ignore[assignment]
    return client


@pytest.mark.parametrize(
    ("answer", "reached", "text"),
    [
        (Unreachable("can't be reached: refused"), False, f"the agent at {ADDRESS}/api/stop can't be reached: refused"),
        (Silent("did not answer in 10 s"), False, f"the agent at {ADDRESS}/api/stop did not answer in 10 s"),
        (Reply(409, b'{"status": "error", "message": "a newer version was seen"}'), True, "a newer version was seen"),
        (Reply(500, b"<html>"), True, r"refused \(500\): no readable reason"),
        (Reply(200, b'{"status": "odd"}'), True, r"refused \(200\): no readable reason"),
        (Reply(200, b"[" * 100_000), True, r"refused \(200\): no readable reason"),
    ],
)
def test_what_is_no_success_is_an_error_that_says_why(answer: Reply | Exception, reached: bool, text: str) -> None:
    with pytest.raises(AgentError, match=text) as failed:
        answering(answer).stop(ADDRESS, STOP)
    assert failed.value.reached is reached


def test_a_success_says_nothing() -> None:
    answering(Reply(200, b'{"status": "success", "message": "is being stopped"}')).stop(ADDRESS, STOP)


def test_output_is_read_or_refused_with_its_status() -> None:
    chunk = LogChunk(cursor="end")
    assert answering(Reply(200, encode(chunk))).logs(ADDRESS, key("shop/web/0"), {}) == chunk
    with pytest.raises(AgentError, match="answers nonsense"):
        answering(Reply(200, b"{")).logs(ADDRESS, key("shop/web/0"), {})
    with pytest.raises(AgentError, match="no such instance") as refused:
        answering(Reply(404, b'{"status": "error", "message": "no such instance"}')).logs(
            ADDRESS, key("shop/web/0"), {}
        )
    assert refused.value.status == 404

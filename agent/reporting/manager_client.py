"""How the agent calls its manager: two kinds of report over one kept connection."""

import msgspec

from reconciler.net.http_client import HttpClient, PeerError, Timeouts
from reconciler.wire.codec import MessageError, decode, encode
from reconciler.wire.reports import ComponentReport, NodeReport, ReportAck

TIMEOUTS = Timeouts(connect=3.05, read=15.0)
REPLY_BYTES_MAX = 64 * 1024
TOKEN_HELP = {
    401: "it wants a token: start this agent with --token-file FILE or RECONCILER_TOKEN, the same as the manager's",
    403: "it does not take this agent's token: give the agent and the manager the same --token-file",
    404: "it knows no such path: is --manager the address of a reconciler manager?",
}


class ManagerAwayError(Exception):
    """A report was not taken; the text is the reason, for the agent's log. `answered` says that someone spoke."""

    def __init__(self, reason: str, answered: bool = True) -> None:
        self.answered = answered
        super().__init__(reason)


class UnknownNodeError(Exception):
    """The manager does not know this node (any more): it has to register again."""


class ManagerClient:
    """Sends reports to one manager."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url.rstrip("/")
        self._client = HttpClient(token, TIMEOUTS)

    def report_node(self, report: NodeReport) -> ReportAck:
        """Register this node, or report that it is alive and what is on it. Raises ManagerAwayError."""
        status, reply = self._post("/api/report", report)
        if status == 404:
            raise ManagerAwayError(TOKEN_HELP[404])
        try:
            return decode(reply, ReportAck)
        except MessageError as error:
            raise ManagerAwayError(f"its answer can't be read: {error}") from None

    def report_component(self, report: ComponentReport) -> None:
        """Report one change. Raises ManagerAwayError, UnknownNodeError."""
        if self._post("/api/report/component", report)[0] == 404:
            raise UnknownNodeError

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _post(self, path: str, report: msgspec.Struct) -> tuple[int, bytes]:
        try:
            reply = self._client.send("POST", self.url + path, encode(report), body_bytes_max=REPLY_BYTES_MAX)
        except PeerError as error:
            raise ManagerAwayError(f"it {error}", answered=False) from None
        if reply.status in (401, 403):
            raise ManagerAwayError(TOKEN_HELP[reply.status])
        if reply.status != 404 and not 200 <= reply.status < 300:
            raise ManagerAwayError(f"it answered {reply.status}: {reply.body[:300].decode('utf-8', 'replace')}")
        return reply.status, reply.body

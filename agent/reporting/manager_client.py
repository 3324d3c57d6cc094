"""How the agent calls its manager: two kinds of report over one kept connection."""

import msgspec
import requests

from reconciler.wire.codec import MessageError, decode, encode
from reconciler.wire.messages import ComponentReport, NodeReport, Taken

CONNECT_SECONDS = 3.05
READ_SECONDS = 15.0
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
    """Sends reports to one manager. For one thread."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Content-Type"] = "application/json"
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def report_node(self, report: NodeReport) -> Taken:
        """Register, or say that we are alive and what is here. Raises ManagerAwayError."""
        status, reply = self._post("/api/report", report)
        if status == 404:
            raise ManagerAwayError(TOKEN_HELP[404])
        try:
            return decode(reply, Taken)
        except MessageError as error:
            raise ManagerAwayError(f"its answer can't be read: {error}") from None

    def report_component(self, report: ComponentReport) -> None:
        """Tell one change. Raises ManagerAwayError, UnknownNodeError."""
        if self._post("/api/report/component", report)[0] == 404:
            raise UnknownNodeError

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def _post(self, path: str, report: msgspec.Struct) -> tuple[int, bytes]:
        try:
            reply = self._session.post(
                self.url + path,
                data=encode(report),
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise ManagerAwayError(_cause(error), answered=False) from None
        status = reply.status_code
        if status in (401, 403):
            raise ManagerAwayError(TOKEN_HELP[status])
        if status != 404 and not 200 <= status < 300:
            raise ManagerAwayError(f"it answered {status}: {reply.text[:300]}")
        return status, reply.content


def _cause(error: BaseException) -> str:
    """The innermost reason, without the library's wrapping."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(getattr(error, "strerror", None) or error or type(error).__name__)

"""How the manager calls agents: a few requests, each with a deadline, over connections that are kept."""

import json
from collections.abc import Iterator, Mapping

import requests

from reconciler.net.http_client import HttpClient, PeerError, Timeouts
from reconciler.wire.codec import MessageError, decode, encode
from reconciler.wire.messages import Deploy, InstanceKey, Stop
from reconciler.wire.streams import Exec, LogChunk

CONNECT_SECONDS = 3.05
READ_SECONDS = 10.0
REPLY_BYTES_MAX = 64 * 1024
LOG_BYTES_MAX = 16 * 1024 * 1024
AGENTS_MAX = 512
"""How many agents have connections that are kept."""


class AgentError(Exception):
    """An agent did not do as asked; the text is its own reason, or what went wrong on the way.

    `reached` says that an agent answered at all; `status` is the HTTP status it refused with, if it did.
    """

    def __init__(self, message: str, reached: bool, status: int | None = None) -> None:
        self.reached = reached
        self.status = status
        super().__init__(message)


class CommandStream:
    """The frames of a command as they come from its agent. Who has it closes it, which ends the command."""

    def __init__(self, http: HttpClient, response: requests.Response) -> None:
        self._http = http
        self._response = response

    def pieces(self) -> Iterator[bytes]:
        """Yield the stream in pieces of any length. Raises PeerError."""
        return self._http.pieces(self._response)

    def close(self) -> None:
        """Let go of the agent."""
        self._response.close()


class AgentClient:
    """Calls agents by their address. Safe to use from many threads."""

    def __init__(self, token: str | None, read_seconds: float = READ_SECONDS) -> None:
        self._http = HttpClient(token, Timeouts(CONNECT_SECONDS, read_seconds), AGENTS_MAX)

    def deploy(self, address: str, deploy: Deploy) -> None:
        """Ask for an instance. Raises AgentError."""
        self._post(f"{address}/api/deploy", encode(deploy))

    def stop(self, address: str, stop: Stop) -> None:
        """Ask for an instance's end. Raises AgentError."""
        self._post(f"{address}/api/stop", encode(stop))

    def logs(self, address: str, key: InstanceKey, query: Mapping[str, str]) -> LogChunk:
        """Fetch some of an instance's output; `query` has `tail`, `since` and `cursor` as the agent's API takes them.

        Raises AgentError.
        """
        names = {"business_id": key.business_id, "component_id": key.component_id, "instance": str(key.instance)}
        url = f"{address}/api/logs"
        try:
            reply = self._http.send("GET", url, params=names | dict(query), body_bytes_max=LOG_BYTES_MAX)
        except PeerError as error:
            raise _unreached(url, error) from None
        if reply.status != 200:
            raise _refusal(address, reply.status, reply.body)
        try:
            return decode(reply.body, LogChunk)
        except MessageError:
            raise AgentError(f"the agent at {address} answers nonsense", True) from None

    def exec(self, address: str, exec_: Exec) -> CommandStream:
        """Start a command; the stream of its frames. Raises AgentError."""
        url = f"{address}/api/exec"
        try:
            reply = self._http.stream("POST", url, encode(exec_))
            if reply.status_code == 200:
                return CommandStream(self._http, reply)
            with reply:
                text = self._http.read(reply, REPLY_BYTES_MAX)
        except PeerError as error:
            raise _unreached(url, error) from None
        raise _refusal(address, reply.status_code, text)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _post(self, url: str, body: bytes) -> None:
        try:
            reply = self._http.send("POST", url, body, body_bytes_max=REPLY_BYTES_MAX)
        except PeerError as error:
            raise _unreached(url, error) from None
        message = _message(reply.body)
        if reply.status != 200 or message is None:
            raise AgentError(f"the agent at {url} refused ({reply.status}): {message or 'no readable reason'}", True)


def _unreached(url: str, error: PeerError) -> AgentError:
    return AgentError(f"the agent at {url} {error}", False)


def _refusal(address: str, status: int, text: bytes) -> AgentError:
    reason = _message(text) or f"the agent at {address} has no readable reason ({status})"
    return AgentError(reason, True, status)


def _message(text: bytes) -> str | None:
    """The reply's message; None when it is not the reply of an agent."""
    try:
        reply = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(reply, dict) or reply.get("status") not in ("success", "error"):
        return None
    return str(reply.get("message", ""))[:500]

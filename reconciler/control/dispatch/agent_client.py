"""How the manager calls agents: a few requests, each with a deadline, over connections that are kept."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from reconciler.wire.codec import MessageError, decode, encode
from reconciler.wire.messages import Deploy, Exec, InstanceKey, LogChunk, Stop

CONNECT_SECONDS = 3.05
READ_SECONDS = 10.0
MAX_REPLY_BYTES = 64 * 1024
MAX_LOG_BYTES = 16 * 1024 * 1024


class AgentError(Exception):
    """An agent did not do as asked; the text is its own reason, or what went wrong on the way.

    `reached` says that an agent answered at all; `status` is the HTTP status it refused with, if it did.
    """

    def __init__(self, message: str, reached: bool, status: int | None = None) -> None:
        self.reached = reached
        self.status = status
        super().__init__(message)


class AgentClient:
    """Calls agents by their address. Safe to use from many threads."""

    def __init__(self, token: str | None, read_seconds: float = READ_SECONDS) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Content-Type"] = "application/json"
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.mount("http://", HTTPAdapter(pool_connections=512, pool_maxsize=4))
        self._timeout = (CONNECT_SECONDS, read_seconds)

    def deploy(self, address: str, deploy: Deploy) -> None:
        """Ask for an instance. Raises AgentError."""
        self._post(f"{address}/api/deploy", encode(deploy))

    def stop(self, address: str, stop: Stop) -> None:
        """Ask for an instance's end. Raises AgentError."""
        self._post(f"{address}/api/stop", encode(stop))

    def logs(self, address: str, key: InstanceKey, query: Mapping[str, str]) -> LogChunk:
        """Some of an instance's output; `query` has `tail`, `since` and `cursor` as the agent's API takes them.

        Raises AgentError.
        """
        names = {"business_id": key.business_id, "component_id": key.component_id, "instance": str(key.instance)}
        status, text = self._send("GET", f"{address}/api/logs", params=names | dict(query), most=MAX_LOG_BYTES)
        if status == 200:
            try:
                return decode(text, LogChunk)
            except MessageError:
                raise AgentError(f"the agent at {address} answers nonsense", True) from None
        raise _refusal(address, status, text)

    def exec(self, address: str, exec_: Exec) -> requests.Response:
        """Start a command; the reply, whose body is the stream of its frames. Who closes it ends the command.

        Raises AgentError.
        """
        reply = self._request("POST", f"{address}/api/exec", data=encode(exec_))
        if reply.status_code == 200:
            return reply
        with reply, self._speaking(address):
            raise _refusal(address, reply.status_code, reply.raw.read(MAX_REPLY_BYTES, decode_content=True))

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _post(self, url: str, body: bytes) -> None:
        status, text = self._send("POST", url, data=body)
        message = _message(text)
        if status != 200 or message is None:
            raise AgentError(f"the agent at {url} refused ({status}): {message or 'no readable reason'}", True)

    def _send(self, method: str, url: str, most: int = MAX_REPLY_BYTES, **more: Any) -> tuple[int, bytes]:
        """The reply's status and its first `most` bytes. Raises AgentError."""
        with self._speaking(url), self._request(method, url, **more) as reply:
            return reply.status_code, reply.raw.read(most, decode_content=True)

    def _request(self, method: str, url: str, **more: Any) -> requests.Response:
        """The reply, with its body unread. Raises AgentError."""
        with self._speaking(url):
            return self._session.request(method, url, timeout=self._timeout, allow_redirects=False, stream=True, **more)

    @contextmanager
    def _speaking(self, url: str) -> Iterator[None]:
        """Turn what goes wrong with a connection into AgentError."""
        try:
            yield
        except AgentError:
            raise
        except requests.ConnectTimeout:
            raise AgentError(f"the agent at {url} can't be reached: no answer to a connection", False) from None
        except requests.Timeout:
            raise AgentError(f"the agent at {url} did not answer in {self._timeout[1]:g} s", False) from None
        except (requests.RequestException, OSError) as error:
            raise AgentError(f"the agent at {url} can't be reached: {_cause(error)}", False) from None
        except Exception as error:  # a peer can break HTTP in ways that the libraries do not name
            raise AgentError(f"the agent at {url} answers nonsense: {type(error).__name__}", False) from None


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


def _cause(error: BaseException) -> str:
    """The innermost reason, without the library's wrapping."""
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return getattr(error, "strerror", None) or str(error) or type(error).__name__

"""The manager as the command line sees it: requests, and errors that say what to do next."""

import json
from collections.abc import Generator
from typing import Any

from reconciler.cli.support.errors import CliError, ProblemsError
from reconciler.net.http_client import HttpClient, PeerError, Reply, Silent, Timeouts
from reconciler.wire.codec import MessageError
from reconciler.wire.exec_stream import read_frames
from reconciler.wire.streams import ExecFrame

TIMEOUTS = Timeouts(connect=5.0, read=60.0)


class Unreachable(CliError):
    """No manager answers."""


class NotFound(CliError):
    """The manager knows no such thing."""


class AlreadyExists(CliError):
    """The manager refuses: it exists already, or belongs elsewhere."""


class Client:
    """Asks one manager, and changes it."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url
        self._http = HttpClient(token, TIMEOUTS)

    def get(self, path: str, **params: Any) -> Any:
        """Return the reply's JSON; parameters that are None are left out. Raises CliError."""
        return self._json("GET", path, params={key: str(value) for key, value in params.items() if value is not None})

    def get_bytes(self, path: str) -> bytes:
        """Return the reply as it came. Raises CliError."""
        reply = self._send("GET", path)
        if not _is_ok(reply.status):
            raise self._refusal(reply.status, _content(reply.body))
        return reply.body

    def post(self, path: str, body: Any = None) -> Any:
        """Send a body, nothing for None, and return the reply's JSON. Raises CliError."""
        return self._json("POST", path, body)

    def put(self, path: str, body: Any) -> Any:
        """Send a body and return the reply's JSON. Raises CliError."""
        return self._json("PUT", path, body)

    def delete(self, path: str) -> Any:
        """Delete what is at the path and return the reply's JSON. Raises CliError."""
        return self._json("DELETE", path)

    def exec(self, path: str, body: Any) -> Generator[ExecFrame, None, None]:
        """Start a command and yield its frames as they come. Leaving them unread ends the command. Raises CliError."""
        try:
            response = self._http.stream("POST", self.url + path, _encoded(body))
        except PeerError as error:
            raise self._unreachable(error) from None
        with response:
            try:
                if not response.ok:
                    raise self._refusal(response.status_code, _content(self._http.read(response)))
                yield from read_frames(self._http.pieces(response))
            except (PeerError, MessageError):
                raise CliError(
                    f"the connection to the manager at {self.url} broke; what became of the command is not known"
                ) from None

    def _json(self, method: str, path: str, body: Any = None, params: dict[str, str] | None = None) -> Any:
        reply = self._send(method, path, body, params)
        content = _content(reply.body)
        if _is_ok(reply.status) and content is not None:
            return content
        raise self._refusal(reply.status, content)

    def _send(self, method: str, path: str, body: Any = None, params: dict[str, str] | None = None) -> Reply:
        try:
            return self._http.send(method, self.url + path, _encoded(body), params)
        except PeerError as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: PeerError) -> Unreachable:
        if isinstance(error, Silent):
            return Unreachable(f"the manager at {self.url} {error}")
        return Unreachable(
            f"no manager answers at {self.url}: start one with 'reconciler serve', "
            "or name another with --manager URL or RECONCILER_MANAGER"
        )

    def _refusal(self, code: int, content: Any) -> CliError:
        """Tell what the manager refuses, with what to do about it."""
        if not isinstance(content, dict) or content.get("status") != "error":
            return CliError(f"what answers at {self.url} is no manager (status {code}): is the address right?")
        message = str(content.get("message"))
        if code in (401, 403):
            return CliError(f"{message}; give it with --token-file FILE or RECONCILER_TOKEN")
        if code == 404:
            return NotFound(message)
        if code == 409:
            return AlreadyExists(message)
        errors = content.get("errors")
        if isinstance(errors, list) and errors:
            return ProblemsError([error for error in errors if isinstance(error, dict)])
        return CliError(message)


def _is_ok(status: int) -> bool:
    return 200 <= status < 300


def _encoded(body: Any) -> bytes | None:
    return None if body is None else json.dumps(body, allow_nan=False).encode()


def _content(body: bytes) -> Any:
    """Read a reply's JSON, None when it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None

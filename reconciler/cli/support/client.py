"""The manager as the command line sees it: requests, and errors that say what to do next."""

from collections.abc import Generator
from typing import Any

import requests

from reconciler.cli.support.errors import CliError, ProblemsError
from reconciler.wire.codec import MessageError
from reconciler.wire.exec_stream import read_frames
from reconciler.wire.messages import ExecFrame

TIMEOUT = (5, 60)
CHUNK_BYTES = 64 * 1024


class Unreachable(CliError):
    """No manager answers."""


class NotFound(CliError):
    """The manager knows no such thing."""


class Taken(CliError):
    """The manager refuses: it exists already, or belongs elsewhere."""


class Client:
    """One manager."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **params: Any) -> Any:
        """The reply's JSON. Raises CliError."""
        return self._request("GET", path, params={key: value for key, value in params.items() if value is not None})

    def get_bytes(self, path: str) -> bytes:
        """The reply as it came. Raises CliError."""
        reply = self._reply("GET", path)
        if not reply.ok:
            raise self._refusal(reply.status_code, _content(reply))
        return reply.content

    def post(self, path: str, body: Any = None) -> Any:
        """The reply's JSON. Raises CliError."""
        return self._request("POST", path, json=body)

    def put(self, path: str, body: Any) -> Any:
        """The reply's JSON. Raises CliError."""
        return self._request("PUT", path, json=body)

    def delete(self, path: str) -> Any:
        """The reply's JSON. Raises CliError."""
        return self._request("DELETE", path)

    def exec(self, path: str, body: Any) -> Generator[ExecFrame, None, None]:
        """Start a command; its frames as they come. Leaving them unread ends the command. Raises CliError."""
        with self._reply("POST", path, json=body, stream=True) as reply:
            if not reply.ok:
                raise self._refusal(reply.status_code, _content(reply))
            try:
                yield from read_frames(reply.iter_content(CHUNK_BYTES))
            except (requests.RequestException, MessageError):
                raise CliError(
                    f"the connection to the manager at {self.url} broke; what became of the command is not known"
                ) from None

    def _request(self, method: str, path: str, **more: Any) -> Any:
        reply = self._reply(method, path, **more)
        content = _content(reply)
        if reply.ok and content is not None:
            return content
        raise self._refusal(reply.status_code, content)

    def _reply(self, method: str, path: str, **more: Any) -> requests.Response:
        try:
            return self._session.request(method, self.url + path, timeout=TIMEOUT, allow_redirects=False, **more)
        except requests.Timeout:
            raise Unreachable(f"the manager at {self.url} does not answer in time") from None
        except (requests.RequestException, ValueError):
            raise Unreachable(
                f"no manager answers at {self.url}: start one with 'reconciler serve', "
                "or name another with --manager URL or RECONCILER_MANAGER"
            ) from None

    def _refusal(self, code: int, content: Any) -> CliError:
        if not isinstance(content, dict) or content.get("status") != "error":
            return CliError(f"what answers at {self.url} is no manager (status {code}): is the address right?")
        message = str(content.get("message"))
        if code in (401, 403):
            return CliError(f"{message}; give it with --token-file FILE or RECONCILER_TOKEN")
        if code == 404:
            return NotFound(message)
        if code == 409:
            return Taken(message)
        errors = content.get("errors")
        if isinstance(errors, list) and errors:
            return ProblemsError([error for error in errors if isinstance(error, dict)])
        return CliError(message)


def _content(reply: requests.Response) -> Any:
    """The reply's JSON, None when it is none."""
    try:
        return reply.json()
    except (ValueError, requests.RequestException):
        return None

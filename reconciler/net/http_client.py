"""Calling a peer over HTTP: connections that are kept, a deadline for each step, and failures as types.

Manager, agents and command line call each other with it. Each of them says in its own words what a failure means; a
failure's text is made to follow the peer's name: `the agent at URL` + `can't be reached: connection refused`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import requests
from requests.adapters import HTTPAdapter

CHUNK_BYTES = 64 * 1024
CONNECTIONS_PER_PEER = 4


class PeerError(Exception):
    """A request got no usable answer; the text is the reason, as what the peer does."""


class Unreachable(PeerError):
    """No connection to the peer comes about, or it breaks."""


class Silent(PeerError):
    """The peer took the request and did not answer in time: what became of it is not known."""


class Garbled(PeerError):
    """What answers breaks HTTP."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that a peer may take to accept a connection, and between two pieces of its answer."""

    connect: float
    read: float


@dataclass(frozen=True, slots=True)
class Reply:
    """A peer's answer, whatever its status; `body` is decoded from its transfer encoding."""

    status: int
    body: bytes


class HttpClient:
    """Sends requests to up to `peers` peers at once over kept connections. Safe to use from many threads.

    Proxies and credentials of the environment are not used, and redirects are answers like any other.
    """

    def __init__(self, token: str | None, timeouts: Timeouts, peers: int = 1) -> None:
        self._timeouts = timeouts
        self._session = requests.Session()
        self._session.trust_env = False
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_connections=peers, pool_maxsize=CONNECTIONS_PER_PEER))

    def send(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        params: Mapping[str, str] | None = None,
        body_bytes_max: int | None = None,
    ) -> Reply:
        """Return the answer, of its body at most the first `body_bytes_max` bytes. Raises PeerError."""
        with self._speaking(), self.stream(method, url, body, params) as response:
            return Reply(response.status_code, self._read(response, body_bytes_max))

    def stream(
        self, method: str, url: str, body: bytes | None = None, params: Mapping[str, str] | None = None
    ) -> requests.Response:
        """Return the answer with its body unread; the caller closes it. Raises PeerError."""
        with self._speaking():
            return self._session.request(
                method,
                url,
                data=body,
                params=params,
                headers={"Content-Type": "application/json"} if body is not None else None,
                timeout=(self._timeouts.connect, self._timeouts.read),
                allow_redirects=False,
                stream=True,
            )

    def read(self, response: requests.Response, body_bytes_max: int | None = None) -> bytes:
        """Return what is left of a streamed answer's body, at most `body_bytes_max` bytes. Raises PeerError."""
        with self._speaking():
            return self._read(response, body_bytes_max)

    def pieces(self, response: requests.Response) -> Iterator[bytes]:
        """Yield what is left of a streamed answer's body as it comes. Raises PeerError."""
        with self._speaking():
            yield from response.iter_content(CHUNK_BYTES)

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _read(self, response: requests.Response, body_bytes_max: int | None) -> bytes:
        body = bytearray()
        for piece in response.iter_content(CHUNK_BYTES):
            body += piece
            if body_bytes_max is not None and len(body) >= body_bytes_max:
                break
        return bytes(body[:body_bytes_max])

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn what goes wrong with a connection into PeerError."""
        try:
            yield
        except PeerError:
            raise
        except requests.ConnectTimeout:
            raise Unreachable("can't be reached: no answer to a connection") from None
        except requests.Timeout:
            raise Silent(f"did not answer in {self._timeouts.read:g} s") from None
        except (requests.RequestException, OSError) as error:
            raise Unreachable(f"can't be reached: {innermost_reason(error)}") from None
        except Exception as error:  # a peer can break HTTP in ways that the libraries do not name
            raise Garbled(f"answers nonsense: {type(error).__name__}") from None


def innermost_reason(error: BaseException) -> str:
    """Return the reason at the bottom of an error, without the libraries' wrapping: `Connection refused`."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(getattr(error, "strerror", None) or error or type(error).__name__)

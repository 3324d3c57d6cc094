"""Asking an instance over the network whether it works: one attempt each, judged by `agent.runtime.healthcheck`."""

import socket
from http import HTTPStatus
from time import monotonic
from urllib.parse import quote

from reconciler.manifest.model import Healthcheck, HttpProbe

ANSWER_BYTES_MAX = 16 * 1024
"""How much of an answer is read: its head, and what of a small page comes along."""

URL_CHARACTERS = "/%?&=:;,.+-_~!$'()*@[]"
"""What stands in a request's path as it was written; anything else is percent-encoded."""


class NoHttp(ValueError):
    """What answered does not speak HTTP."""


def attempt(check: Healthcheck, host: str) -> str:
    """Make the check's http or tcp probe at this address: empty when all is well, else why not.

    It takes at most the check's `timeout`, however slowly the answer drips. Raises nothing.
    """
    probe = check.http or check.tcp
    if probe is None:
        return ""
    if not host:
        return f"port {probe.port} can't be probed: the container has no address of its own"
    deadline = monotonic() + check.timeout
    try:
        with socket.create_connection((host, probe.port), timeout=check.timeout) as connection:
            return _answer(connection, probe, host, deadline) if isinstance(probe, HttpProbe) else ""
    except TimeoutError:
        return f"no answer on port {probe.port} in {check.timeout:g} s"
    except ConnectionRefusedError:
        return f"connection refused on port {probe.port}"
    except NoHttp:
        return f"what answers on port {probe.port} is not HTTP"
    except (OSError, ValueError) as error:
        return f"port {probe.port}: {getattr(error, 'strerror', None) or error}"


def _answer(connection: socket.socket, probe: HttpProbe, host: str, deadline: float) -> str:
    """Empty for a good status, else which one it is. Raises OSError and NoHttp."""
    path = quote(probe.path if probe.path.startswith("/") else f"/{probe.path}", safe=URL_CHARACTERS)
    name = f"[{host}]" if ":" in host else host
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: {name}:{probe.port}\r\nUser-Agent: reconciler-probe\r\n"
        f"Accept: */*\r\nConnection: close\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer and len(answer) < ANSWER_BYTES_MAX:
        left = deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        piece = connection.recv(ANSWER_BYTES_MAX)
        if not piece:
            break
        answer += piece
    status = status_of(answer)
    return (
        "" if HTTPStatus.OK <= status < HTTPStatus.BAD_REQUEST else f"GET {path} on port {probe.port} answers {status}"
    )


def status_of(answer: bytes) -> int:
    """Read the status code that an answer begins with. Raises NoHttp."""
    version, _, rest = answer.partition(b"\r\n")[0].partition(b" ")
    code = rest[:3]
    if not version.startswith(b"HTTP/") or not code.isdigit() or len(code) != 3:
        raise NoHttp
    return int(code)

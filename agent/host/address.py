"""Under which address this agent can be called by its manager."""

import ipaddress
import socket
from urllib.parse import urlsplit


def advertised_address(host: str, port: int, manager_url: str) -> str:
    """Make the agent's URL: of the host it listens on, or for all addresses of the one used towards the manager."""
    if host in ("", "0.0.0.0", "::"):
        host = _towards(manager_url)
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        version = 4
    return f"http://[{host}]:{port}" if version == 6 else f"http://{host}:{port}"


def _towards(manager_url: str) -> str:
    """The local address of the route to the manager; asking for it sends nothing."""
    parts = urlsplit(manager_url)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            parts.hostname or "127.0.0.1", parts.port or 80, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(address)
            return str(probe.getsockname()[0])
    except OSError:
        return "127.0.0.1"

"""Where a server listens, and the rule that nothing listens beyond this machine without a token."""

import ipaddress
import re
import socket as sockets
from dataclasses import dataclass


class ServeError(Exception):
    """A server can't be started as asked; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Listen:
    """A host (name or address, IPv6 without brackets) and a TCP port; port 0 lets the system choose one."""

    host: str
    port: int

    def __str__(self) -> str:
        """`HOST:PORT`, as `parse_listen` reads it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_listen(text: str) -> Listen:
    """`HOST:PORT`, an IPv6 address in brackets. Raises ServeError."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+(?:%\w+)?)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})", text)
    if found is None or int(found[3]) > 65535:
        raise ServeError(
            f"can't listen on '{text}': give HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:7700, "
            "0.0.0.0:7700 or [::1]:7700"
        )
    return Listen(found[1] or found[2], int(found[3]))


def check_exposure(listen: Listen, token: str | None, what: str) -> None:
    """Refuse to serve others than this machine without a token. `what` names the server. Raises ServeError."""
    if token is None and not listen.is_loopback:
        raise ServeError(
            f"{what} will not listen on {listen} without a token, since whoever reaches it could run anything: "
            f"give --token-file FILE or set RECONCILER_TOKEN, or listen on 127.0.0.1:{listen.port}"
        )


def bind(listen: Listen) -> sockets.socket:
    """A TCP socket that holds the address. Raises ServeError when the address can't be had."""
    try:
        family, kind, protocol, _, address = sockets.getaddrinfo(
            listen.host, listen.port, type=sockets.SOCK_STREAM, flags=sockets.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise ServeError(f"can't listen on {listen}: there is no such host ({_words(error)})") from None
    bound = sockets.socket(family, kind, protocol)
    try:
        bound.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
        bound.bind(address)
        # Without listening, a second server could bind the same address and only fail later.
        bound.listen(1024)
    except OSError as error:
        bound.close()
        raise ServeError(f"can't listen on {listen}: {_words(error)}; choose another with --listen") from None
    return bound


def _words(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()

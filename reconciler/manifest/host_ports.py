"""Host ports: how one is written (`8080/tcp`, `127.0.0.1:8080/tcp`), and which two a node can't have at once.

A port without an address is bound on all of them, so it is in the way of the same port on any address. Two addresses
are not in each other's way.
"""

from reconciler.manifest.model import Component, Port

ALL_ADDRESSES = ("", "0.0.0.0", "::")


def host_port(port: Port) -> str:
    """Write a port with a published number as the Engine does: `[ADDRESS:]PORT/PROTOCOL`."""
    assert port.published is not None, "a port that the Engine chooses is reserved for nobody"
    number = f"{port.published}/{port.protocol}"
    if port.host_ip in ALL_ADDRESSES:
        return number
    return f"[{port.host_ip}]:{number}" if ":" in port.host_ip else f"{port.host_ip}:{number}"


def host_ports(component: Component) -> tuple[str, ...]:
    """Write the host ports that a component publishes at numbers of its choice, sorted."""
    return tuple(sorted(host_port(port) for port in component.ports if port.published is not None))


def claimed(written: str) -> tuple[str, str]:
    """Name what an instance that holds this port takes: the port itself, and the port on some address."""
    return written, _some_address(written)


def conflicting(written: str) -> tuple[str, ...]:
    """Name what must not be taken by another instance (as `claimed` names it) for this port to be free."""
    number = _number(written)
    return (_some_address(written),) if written == number else (written, number)


def _number(written: str) -> str:
    return written.rpartition(":")[2]


def _some_address(written: str) -> str:
    return f"*:{_number(written)}"

"""Choosing a subnet for a network when the Engine has given out all of its own, about 31 with its defaults."""

from collections.abc import Iterable
from ipaddress import IPv4Network
from itertools import chain

RANGES = tuple(IPv4Network(f"10.{number}.0.0/16") for number in range(201, 207))
"""Where we take subnets from: private, and rarely used by others."""

PREFIX = 24


def free_subnet(taken: Iterable[IPv4Network]) -> IPv4Network | None:
    """Find the first /24 of our ranges that overlaps none of the taken networks; None when there is none."""
    near = [network for network in taken if any(network.overlaps(ours) for ours in RANGES)]
    candidates = chain.from_iterable(ours.subnets(new_prefix=PREFIX) for ours in RANGES)
    return next((one for one in candidates if not any(one.overlaps(network) for network in near)), None)


def routed(table: str) -> list[IPv4Network]:
    """Read the networks that the host has routes to out of `/proc/net/route`; the default route is none of them."""
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8 or fields[7] == "00000000":
            continue
        destination, mask = (int.from_bytes(bytes.fromhex(fields[at]), "little") for at in (1, 7))
        found.append(IPv4Network((destination & mask, mask.bit_count())))
    return found

"""Subnets of our own choice: free of the Engine's other networks and of the host's routes."""

from ipaddress import IPv4Network

import pytest

from agent.engine.subnets import free_subnet, routed

ROUTES = """\
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
docker0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
wg0	0000C90A	00000000	0001	0	0	0	00C0FFFF	0	0	0
"""


@pytest.mark.parametrize(
    ("taken", "free"),
    [
        ([], "10.201.0.0/24"),
        (["172.17.0.0/16", "192.168.0.0/20"], "10.201.0.0/24"),
        (["10.201.0.0/24"], "10.201.1.0/24"),
        (["10.201.0.128/25", "10.201.1.7/32"], "10.201.2.0/24"),
        (["10.201.1.0/24"], "10.201.0.0/24"),
        (["10.201.0.0/16"], "10.202.0.0/24"),
        (["10.200.0.0/14"], "10.204.0.0/24"),
        (["10.201.0.0/16", "10.202.0.0/15", "10.204.0.0/15", "10.206.0.0/17"], "10.206.128.0/24"),
        (["10.0.0.0/8"], None),
        (["0.0.0.0/0"], None),
    ],
)
def test_the_first_that_overlaps_nothing(taken: list[str], free: str | None) -> None:
    found = free_subnet(map(IPv4Network, taken))
    assert found == (free and IPv4Network(free))


def test_the_host_s_routes_are_read_without_the_default_route() -> None:
    assert routed(ROUTES) == [IPv4Network("172.17.0.0/16"), IPv4Network("10.201.0.0/18")]
    assert routed("") == []

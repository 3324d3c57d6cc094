"""The Engine's calls for networks, with its refusals told apart: a name that is taken, no addresses left."""

from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from agent.engine.errors import CONFLICT, no_address_pool, overlapping_pool
from agent.engine.labels import NODE
from agent.engine.subnets import RANGES, free_subnet, routed
from agent.runtime.contract import RuntimeFailure

SUBNETS_TRIED_MAX = 8
ROUTES = Path("/proc/net/route")
FORBIDDEN, NOT_FOUND = 403, 404


class NetworkCalls:
    """Finds, makes and removes bridge networks on one Engine, for one node."""

    def __init__(self, client: APIClient, node_id: str) -> None:
        self._client, self._node_id = client, node_id

    def named(self, name: str) -> list[dict[str, Any]]:
        """Find the networks of exactly this name: the Engine may have several."""
        # The Engine's filter takes the name as a pattern.
        return [one for one in self._client.networks(names=[name]) if one["Name"] == name]

    def make(self, name: str) -> str | None:
        """Make a network; its id, None when there is one of that name by now.

        Raises RuntimeFailure where no addresses are left, and APIError.
        """
        try:
            return self._create(name)
        except APIError as error:
            if error.status_code == CONFLICT:
                return None
            if not no_address_pool(error):
                raise
        return self._make_in_our_ranges(name)

    def _make_in_our_ranges(self, name: str) -> str | None:
        refused: list[IPv4Network] = []
        while len(refused) < SUBNETS_TRIED_MAX:
            subnet = free_subnet([*self._subnets(), *host_routes(), *refused])
            if subnet is None:
                break
            try:
                return self._create(name, ipam=IPAMConfig(pool_configs=[IPAMPool(subnet=str(subnet))]))
            except APIError as error:
                if error.status_code == CONFLICT:
                    return None
                if not overlapping_pool(error):
                    raise
                refused.append(subnet)
        raise RuntimeFailure(
            f"no addresses are left for network {name!r}: the Engine's own are all in use, and nothing between "
            f"{RANGES[0]} and {RANGES[-1]} is free; set default-address-pools in the Engine's daemon.json"
        )

    def _create(self, name: str, **how: Any) -> str:
        labels = {NODE: self._node_id}
        made = self._client.create_network(name, driver="bridge", check_duplicate=True, labels=labels, **how)
        return str(made["Id"])

    def _subnets(self) -> list[IPv4Network]:
        """The subnets that the Engine's networks have."""
        configs = (config for one in self._client.networks() for config in one["IPAM"].get("Config") or ())
        texts = (config.get("Subnet", "") for config in configs)
        return [IPv4Network(text, strict=False) for text in texts if "." in text]

    def has_containers(self, network: dict[str, Any]) -> bool:
        """Tell whether any container, running or not, is on a network."""
        # Whether anything runs there is quickly told; containers that don't run need the long list.
        return self.is_occupied(network["Id"]) or bool(
            self._client.containers(all=True, filters={"network": network["Name"]})
        )

    def is_occupied(self, network_id: str) -> bool:
        """Tell whether anything runs on a network."""
        try:
            return bool(self._client.inspect_network(network_id).get("Containers"))
        except NotFound:
            return False

    def remove(self, network_id: str) -> None:
        """Remove a network, unless somebody is on it."""
        try:
            self._client.remove_network(network_id)
        except APIError as error:
            # Gone already, or somebody joined it just now (forbidden): both leave things as they should be.
            if error.status_code not in (FORBIDDEN, NOT_FOUND):
                raise


def is_ours(network: dict[str, Any]) -> bool:
    """Tell whether an agent made this network, for this node or for another one on the same Engine."""
    return NODE in (network.get("Labels") or {})


def host_routes() -> list[IPv4Network]:
    """Read the networks that this host has routes to; none where it doesn't say."""
    try:
        return routed(ROUTES.read_text())
    except OSError:
        return []

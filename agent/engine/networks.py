"""Named networks: made when the first instance needs them, gone with the last, so that addresses don't run out.

Only networks that an agent of ours made are ever removed. Where several agents share an Engine, they share its
networks too: the first makes one and the last one removes it, whoever that is. The Engine itself lets two agents make
two networks of one name at the same moment; who made the second one sees the first and takes its own away again.
"""

import random
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Network
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from agent.engine.errors import CONFLICT, no_address_pool, overlapping_pool, readable
from agent.engine.labels import NODE
from agent.engine.subnets import RANGES, free_subnet, routed
from agent.runtime.contract import RuntimeFailure

BUILT_IN = ("bridge", "host", "none")
CONTEST_SECONDS_MAX = 10.0
"""How long agents may be at odds over who makes a network."""
CONTEST_PAUSE_SECONDS = (0.05, 0.3)
SUBNETS_TRIED_MAX = 8
ROUTES = Path("/proc/net/route")


class Networks:
    """The bridge networks that one node's containers join by name. Safe to use from several threads."""

    def __init__(self, client: APIClient, node_id: str) -> None:
        self._client = client
        self._node_id = node_id
        self._lock = threading.Lock()
        self._wanted: Counter[str] = Counter()
        self._locks: dict[str, threading.Lock] = {}

    @contextmanager
    def ensuring(self, names: Iterable[str]) -> Iterator[None]:
        """Make those of these networks that are missing, and hold all of them while a container is being made.

        When that fails, those that nobody uses go again. Raises RuntimeFailure where no address is left for one.
        """
        names = list(names)
        with self.holding(names):
            for name in names:
                self._ensure(name)
            yield

    @contextmanager
    def holding(self, names: Iterable[str]) -> Iterator[None]:
        """Keep these networks while the context lasts, though nothing is on them; when it fails, remove unused ones."""
        names = list(names)
        with self._lock:
            self._wanted.update(names)
        well = False
        try:
            yield
            well = True
        finally:
            with self._lock:
                self._wanted.subtract(names)
            if not well:
                # Why it failed matters more than what is left behind.
                with suppress(RuntimeFailure), readable("cannot remove networks"):
                    self.remove_unused(names)

    def remove_unused(self, names: Iterable[str]) -> None:
        """Remove those of these networks that an agent made and that no container is on any more."""
        for name in names:
            if name in BUILT_IN:
                continue
            with self._turn(name):
                if self._wanted[name] <= 0:
                    self._remove_unused(name)

    def _ensure(self, name: str) -> None:
        deadline = monotonic() + CONTEST_SECONDS_MAX
        with self._turn(name):
            while len(found := self._named(name)) != 1:
                if monotonic() >= deadline:
                    raise RuntimeFailure(f"the Engine has several networks named {name!r}; remove all but one")
                if found:
                    self._remove_doubles(found)
                elif (made := self._make(name)) is not None and len(self._named(name)) > 1:
                    self._remove(made)
                    sleep(random.uniform(*CONTEST_PAUSE_SECONDS))  # noqa: S311 - or two agents do it all again

    def _turn(self, name: str) -> threading.Lock:
        """To be held while a network is made or removed: the Engine takes a while, and other names need not wait."""
        with self._lock:
            return self._locks.setdefault(name, threading.Lock())

    def _named(self, name: str) -> list[dict[str, Any]]:
        # The Engine's filter takes the name as a pattern.
        return [one for one in self._client.networks(names=[name]) if one["Name"] == name]

    def _make(self, name: str) -> str | None:
        """Its id; None when there is one of that name by now."""
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
        """Those that the Engine's networks have."""
        configs = (config for one in self._client.networks() for config in one["IPAM"].get("Config") or ())
        texts = (config.get("Subnet", "") for config in configs)
        return [IPv4Network(text, strict=False) for text in texts if "." in text]

    def _remove_unused(self, name: str) -> None:
        for one in self._named(name):
            # Whether anything runs there is quickly told; containers that don't run need the long list.
            if is_ours(one) and not self._occupied(one["Id"]):
                if self._client.containers(all=True, filters={"network": name}):
                    continue
                self._remove(one["Id"])

    def _remove_doubles(self, found: list[dict[str, Any]]) -> None:
        """Of several networks with one name, remove those that nothing runs on, and leave one."""
        sleep(random.uniform(*CONTEST_PAUSE_SECONDS))  # noqa: S311 - who made the second one is about to remove it
        empty = [one for one in found if is_ours(one) and not self._occupied(one["Id"])]
        for one in empty if len(empty) < len(found) else empty[1:]:
            self._remove(one["Id"])

    def _occupied(self, network_id: str) -> bool:
        try:
            return bool(self._client.inspect_network(network_id).get("Containers"))
        except NotFound:
            return False

    def _remove(self, network_id: str) -> None:
        try:
            self._client.remove_network(network_id)
        except APIError as error:
            # Gone already (404), or somebody joined it just now (403): both leave things as they should be.
            if error.status_code not in (403, 404):
                raise


def is_ours(network: dict[str, Any]) -> bool:
    """Whether an agent made this network, for this node or for another one on the same Engine."""
    return NODE in (network.get("Labels") or {})


def host_routes() -> list[IPv4Network]:
    """The networks that this host has routes to; none where it doesn't say."""
    try:
        return routed(ROUTES.read_text())
    except OSError:
        return []

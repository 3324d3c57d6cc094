"""An Engine in memory, with as much of its client as making, changing and removing containers calls."""

import itertools
from typing import Any, cast

from docker import APIClient
from docker.errors import APIError, NotFound
from requests import Response


class FakeEngine:
    """Containers by id. `calls` is what was done to them; `failures` names calls that fail next, and how."""

    api_version = "1.41"

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self.containers_by_id: dict[str, dict[str, Any]] = {}
        self.networks_by_name: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str]] = []
        self.failures: dict[str, list[tuple[int, str]]] = {}

    @property
    def client(self) -> APIClient:
        """The same, as its users know it."""
        return cast(APIClient, self)

    def add(self, name: str, labels: dict[str, str], running: bool = True) -> str:
        """A container that is there already."""
        container_id = f"c{next(self._ids):063d}"
        self.containers_by_id[container_id] = {
            "Id": container_id,
            "Name": name,
            "Config": {"Labels": labels},
            "State": {"Running": running, "Status": "running" if running else "created"},
            "HostConfig": {},
            "NetworkSettings": {"Networks": {}},
            "RestartCount": 0,
        }
        return container_id

    def made(self, call: str) -> list[str]:
        """What a call was made for."""
        return [what for name, what in self.calls if name == call]

    # -- the client's methods

    def info(self) -> dict[str, str]:
        return {"LoggingDriver": "json-file"}

    def inspect_image(self, reference: str) -> dict[str, Any]:
        raise NotFound("no such image")

    def inspect_container(self, container_id: str) -> dict[str, Any]:
        self._call("inspect", container_id)
        for one in self.containers_by_id.values():
            if container_id in (one["Id"], one["Name"]):
                return one
        raise NotFound("no such container")

    def create_container_from_config(self, body: dict[str, Any], name: str, platform: str | None) -> dict[str, str]:
        self._call("create", name)
        if any(one["Name"] == name for one in self.containers_by_id.values()):
            raise failure(409, "Conflict. The container name is already in use")
        return {"Id": self.add(name, body["Labels"], running=False)}

    def start(self, container_id: str) -> None:
        self._call("start", container_id)
        self.containers_by_id[container_id]["State"] |= {"Running": True, "Status": "running"}

    def stop(self, container_id: str, timeout: int) -> None:
        self._call("stop", container_id)

    def restart(self, container_id: str, timeout: int) -> None:
        self._call("restart", container_id)

    def rename(self, container_id: str, name: str) -> None:
        self._call("rename", container_id)

    def update_container(self, container_id: str, **limits: Any) -> None:
        self._call("update", container_id)

    def remove_container(self, container_id: str, v: bool, force: bool) -> None:
        self._call("remove", container_id)
        del self.containers_by_id[container_id]

    def connect_container_to_network(self, container_id: str, network: str, aliases: list[str]) -> None:
        self._call("connect", network)

    def networks(self, names: list[str]) -> list[dict[str, Any]]:
        return [self.networks_by_name[name] for name in names if name in self.networks_by_name]

    def create_network(self, name: str, **how: Any) -> dict[str, str]:
        self._call("create network", name)
        self.networks_by_name[name] = {"Id": name, "Name": name, "Labels": how["labels"]}
        return {"Id": name}

    def inspect_network(self, network_id: str) -> dict[str, Any]:
        return {}

    def containers(self, all: bool, filters: dict[str, str]) -> list[dict[str, Any]]:
        return []

    def remove_network(self, network_id: str) -> None:
        self._call("remove network", network_id)
        del self.networks_by_name[network_id]

    def _call(self, name: str, what: str) -> None:
        self.calls.append((name, what))
        if self.failures.get(name):
            raise failure(*self.failures[name].pop(0))


def failure(status: int, text: str) -> APIError:
    """An error as the Engine answers it."""
    response = Response()
    response.status_code = status
    return APIError(text, response, explanation=text)

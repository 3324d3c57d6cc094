"""Named networks: made when the first instance needs them, gone with the last, so that addresses don't run out.

Only networks that carry our node's label are ever removed.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from docker import APIClient
from docker.errors import APIError, NotFound

from agent.docker_labels import NODE

CONFLICT = 409
BUILT_IN = ("bridge", "host", "none")


class Networks:
    """The bridge networks of one node id. Safe to use from several threads."""

    def __init__(self, client: APIClient, node_id: str) -> None:
        self._client = client
        self._node_id = node_id
        self._lock = threading.Lock()
        self._wanted: Counter[str] = Counter()

    @contextmanager
    def there(self, names: Iterable[str]) -> Iterator[None]:
        """Have these networks, making those that are missing, and keep them while a container is being made."""
        names = list(names)
        with self._lock:
            self._wanted.update(names)
        try:
            for name in names:
                self._have(name)
            yield
        finally:
            with self._lock:
                self._wanted.subtract(names)

    def forget(self, names: Iterable[str]) -> None:
        """Remove those of these networks that are ours and that no container is on any more."""
        for name in names:
            if name in BUILT_IN:
                continue
            with self._lock:
                if self._wanted[name] <= 0 and self._unused(name):
                    self._remove(name)

    def _have(self, name: str) -> None:
        try:
            self._client.inspect_network(name)
        except NotFound:
            with self._lock:
                self._make(name)

    def _make(self, name: str) -> None:
        try:
            self._client.create_network(name, driver="bridge", check_duplicate=True, labels={NODE: self._node_id})
        except APIError as error:
            if error.status_code != CONFLICT:
                raise

    def _unused(self, name: str) -> bool:
        try:
            labels = self._client.inspect_network(name).get("Labels") or {}
        except NotFound:
            return False
        return labels.get(NODE) == self._node_id and not self._client.containers(all=True, filters={"network": name})

    def _remove(self, name: str) -> None:
        try:
            self._client.remove_network(name)
        except APIError as error:
            # Gone already (404), or somebody joined it just now (403): both leave things as they should be.
            if error.status_code not in (403, 404):
                raise

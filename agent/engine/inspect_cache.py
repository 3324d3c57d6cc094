"""What inspect calls said of containers, kept for as long as nothing changed: a listing then costs one call in all."""

import threading
from collections.abc import Set as AbstractSet
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

from agent.engine.condition import Condition, as_inspected, condition_of
from agent.engine.details import Details, details_of, failed

LOG_LINES_MAX = 3


class InspectCache:
    """The details of listed containers. Nothing is kept until somebody listens for changes and calls `forget`."""

    def __init__(self, client: APIClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Condition, Details]] = {}
        self._asked: set[str] = set()
        self._changes = 0
        self._listening = False

    def listen(self) -> None:
        """Keep details from now on: `forget` is called after each change."""
        self._listening = True

    def knows(self, container_id: str) -> bool:
        """Tell whether anything is kept of this container, or just being asked."""
        with self._lock:
            return container_id in self._kept or container_id in self._asked

    def forget(self, container_id: str | None) -> None:
        """Forget this container (None: all of them): it is not as it was."""
        with self._lock:
            self._changes += 1
            if container_id is None:
                self._kept.clear()
            else:
                self._kept.pop(container_id, None)

    def forget_others(self, container_ids: AbstractSet[str]) -> None:
        """Let go of all containers but these."""
        with self._lock:
            for gone in self._kept.keys() - container_ids:
                del self._kept[gone]

    def of(self, listed: dict[str, Any]) -> tuple[dict[str, Any], Details] | None:
        """Return a listed container as it is by now, and its details; None when it is gone. Raises DockerException."""
        container_id, now = listed["Id"], condition_of(listed)
        with self._lock:
            known, changes = self._kept.get(container_id), self._changes
            if known is not None and known[0] == now:
                return listed, known[1]
            self._asked.add(container_id)
        try:
            inspected = self._client.inspect_container(container_id)
            details = details_of(inspected, self._last_words(inspected))
        except NotFound:
            return None
        finally:
            with self._lock:
                self._asked.discard(container_id)
        seen = as_inspected(listed, inspected)
        with self._lock:
            if self._listening and self._changes == changes:
                self._kept[container_id] = (condition_of(seen), details)
        return seen, details

    def _last_words(self, inspected: dict[str, Any]) -> str:
        """The last lines a failed container wrote; nothing where its logging driver can't be read."""
        if not failed(inspected) or inspected["State"].get("ExitCode", 0) == 0:
            return ""
        try:
            log: bytes = self._client.logs(inspected["Id"], tail=LOG_LINES_MAX)
        except APIError:
            return ""
        # What fails again and again says the same each time.
        lines = (line.strip() for line in log.decode(errors="replace").splitlines())
        return " | ".join(dict.fromkeys(line for line in lines if line))

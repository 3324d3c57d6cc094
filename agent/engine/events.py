"""Hearing from the Engine that a container of ours changed by itself, across restarts of the Engine."""

import logging
import threading
from collections.abc import Callable
from typing import Any

import requests
import urllib3
from docker import APIClient
from docker.errors import DockerException
from docker.types import CancellableStream

from agent.engine.labels import NODE
from reconciler.net.backoff import Backoff

logger = logging.getLogger(__name__)

EVENTS = ["start", "die", "oom", "pause", "unpause", "destroy", "update", "rename", "health_status"]
NETWORK_EVENTS = {"type": "network", "event": ["connect", "disconnect"]}
BACKOFF = Backoff(first=0.2, factor=2.0, most=10.0)


def container_events(node_id: str) -> dict[str, Any]:
    """Choose what the Engine tells of a node's containers themselves."""
    return {"type": "container", "label": f"{NODE}={node_id}", "event": EVENTS}


class Watcher:
    """A daemon thread on the Engine's event stream. `changed` gets the container's id, or None for "anything"."""

    def __init__(self, client: APIClient, filters: dict[str, Any], changed: Callable[[str | None], None]) -> None:
        self._client = client
        self._filters = filters
        self._changed = changed
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._stream: CancellableStream[Any] | None = None
        self._thread = threading.Thread(target=self._run, name="docker-events", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and wait for it."""
        with self._lock:
            self._closed.set()
            stream = self._stream
        if stream is not None:
            stream.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        failures = 0
        while not self._closed.is_set():
            try:
                if self._follow():
                    failures = 0
            except (
                DockerException,
                requests.RequestException,
                urllib3.exceptions.HTTPError,
                OSError,
                ValueError,
            ):
                logger.debug("the event stream broke", exc_info=True)
            if not self._closed.is_set():
                failures += 1
                wait = BACKOFF.delay(failures)
                logger.warning("lost the Docker Engine's event stream; trying again in %.1f s", wait)
                self._closed.wait(wait)

    def _follow(self) -> bool:
        """Pass events on until the stream ends; whether there was a stream at all."""
        stream = self._client.events(filters=self._filters, decode=True)
        with self._lock:
            self._stream = stream
            closed = self._closed.is_set()
        if closed:
            stream.close()
            return True
        self._tell(None)
        for event in stream:
            if self._closed.is_set():
                break
            self._tell(container_of(event))
        return True

    def _tell(self, container_id: str | None) -> None:
        try:
            self._changed(container_id)
        except Exception:
            logger.exception("what follows a container's change failed")


def container_of(event: dict[str, Any]) -> str | None:
    """Find the container that an event is about."""
    actor = event.get("Actor") or {}
    found = (actor.get("Attributes") or {}).get("container") if event.get("Type") == "network" else event.get("id")
    return None if found is None else str(found)

"""Which images the Engine has and how much of its disk is free, as the manager is told.

Both are looked up while the containers are listed, never while a heartbeat waits: an Engine that hangs must not make
its node look dead. Images are listed again once a minute, and as soon as this agent has brought or removed one.
"""

import logging
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from typing import Any

import requests
from docker import APIClient
from docker.errors import DockerException

from agent.engine.client import is_local
from agent.runtime.contract import NodeImages
from reconciler.manifest.images import full_name
from reconciler.wire.reports import IMAGES_MAX, NodeImage

log = logging.getLogger(__name__)

LIST_SECONDS = 60.0
MIB = 2**20


class ImageInventory:
    """The last known images and free disk of one Engine. Safe to use from several threads."""

    def __init__(self, client: APIClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._changes = 0
        self._seen = -1
        self._listed_at = float("-inf")
        self._disk: Path | None = None
        self._stock = NodeImages()

    def get(self) -> NodeImages:
        """Return what is known, at once."""
        with self._lock:
            return self._stock

    def changed(self) -> None:
        """Note that an image came or went: the next look lists them."""
        with self._lock:
            self._changes += 1

    def look(self) -> None:
        """Measure the disk, and list the images if that is due. Where the Engine does not say, what was known stays."""
        with self._lock:
            changes = self._changes
            due = changes != self._seen or monotonic() - self._listed_at >= LIST_SECONDS
            images = self._stock.images
        if due:
            try:
                images = images_of(self._client.images())
                self._disk = engine_disk(self._client)
            except (DockerException, requests.RequestException, OSError) as error:
                log.warning("cannot list the images: %s", error)
                return
        free = disk_free_mb(self._disk)
        with self._lock:
            if due:
                self._seen, self._listed_at = changes, monotonic()
            self._stock = NodeImages(images, free)


def images_of(listed: Iterable[dict[str, Any]]) -> tuple[NodeImage, ...]:
    """List the Engine's images by full names, sorted by them; the largest ones where there are too many."""
    sizes: dict[str, int] = {}
    for one in listed:
        for name in (*(one.get("RepoTags") or ()), *(one.get("RepoDigests") or ())):
            if "<none>" not in name:
                sizes[full_name(name)] = -(-int(one["Size"]) // MIB)
    largest = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:IMAGES_MAX]
    return tuple(NodeImage(name=name, size_mb=size) for name, size in sorted(largest))


def engine_disk(client: APIClient) -> Path | None:
    """Find where the Engine keeps its images, if that is on this host."""
    if not is_local(client):
        return None
    folder = Path(client.info()["DockerRootDir"])
    return folder if folder.exists() else None


def disk_free_mb(folder: Path | None) -> int | None:
    """Measure MiB free on the file system that holds the folder, None where nobody can tell."""
    if folder is None:
        return None
    try:
        return shutil.disk_usage(folder).free // MIB
    except OSError:
        return None

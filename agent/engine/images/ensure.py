"""Having a component's image on the Engine: already there, pulled by name, or loaded from the tar at its URL.

The rules, by `pull_policy`:

- `missing`: an image that is there is used. One that we loaded from another URL, or from a tar with another
  checksum than the component names, is not what the component asks for and counts as missing.
- `always`: it is pulled again, or downloaded again unless the server says that it has not changed.
- `never`: only an image that is there is used.

Where to get it: without `image_url` it is pulled. With one, it is downloaded; only a name that says its registry
(`registry.local:5000/web`) is pulled first. A bare name beside a URL is never looked for in the public registry, which
would stall where there is no internet and could answer with somebody else's image. Nor is anything pulled where
`image_sha256` is set, because only a tar can be checked against it.
"""

import threading
from collections.abc import Callable
from pathlib import Path

from docker import APIClient
from docker.errors import ImageNotFound

from agent.engine.errors import readable
from agent.engine.images.download import TAR_BYTES_MAX, Download
from agent.engine.images.load import load_image
from agent.engine.images.origins import Origins
from agent.engine.images.ours import ImageRecord
from agent.engine.images.pull import pull_image
from agent.runtime.contract import ProgressCallback, RuntimeFailure
from reconciler.manifest.images import full_name, image_reference, is_pulled
from reconciler.manifest.model import Component

TRANSFERS_MAX = 3


class Images:
    """Gets images, each once however many components wait for it, and at most three at a time.

    What it gets is noted in `record`, and so is each use of that.
    """

    def __init__(
        self,
        client: APIClient,
        folder: Path,
        record: ImageRecord,
        origins: Origins,
        largest: int = TAR_BYTES_MAX,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """`changed` is called when an image may have come."""
        self._client = client
        self._folder = folder
        self._record = record
        self._origins = origins
        self._largest = largest
        self._changed = changed
        self._transfers = threading.BoundedSemaphore(TRANSFERS_MAX)
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}

    def ensure(self, component: Component, progress: ProgressCallback) -> None:
        """Have the image on the Engine. Raises RuntimeFailure with the reason."""
        if not component.image_name and not component.image_url:
            raise RuntimeFailure(f"{component.component_id} names no image: give it image_name or image_url")
        name = image_reference(component)
        # Before looking: from here on the image is not removed, or else it is seen to be gone.
        self._record.touch(full_name(name))
        if component.pull_policy != "always" and self._usable(component, name):
            return
        if component.pull_policy == "never":
            raise RuntimeFailure(f"image {name} is not on this node, and pull_policy is never")
        with self._lock:
            only_one = self._locks.setdefault(component.image_url or name, threading.Lock())
        if not only_one.acquire(blocking=False):
            progress(None, f"waiting for the same image: {name}")
            only_one.acquire()
        try:
            if component.pull_policy != "always" and self._usable(component, name):
                return
            with self._transfers:
                before = self._named() | {full_name(name): self._image_id(name)}
                for brought in {full_name(name), *self._get(component, name, progress)}:
                    self._note_brought(brought, before.get(brought))
                self._changed()
        finally:
            only_one.release()

    def _get(self, component: Component, name: str, progress: ProgressCallback) -> list[str]:
        """Get the image; the full names of whatever came with it."""
        url = component.image_url
        if url is None:
            pull_image(self._client, name, component.platform, progress)
            return []
        pull_failed = ""
        if is_pulled(component):
            try:
                pull_image(self._client, name, component.platform, progress)
                return []
            except RuntimeFailure as failure:
                pull_failed = f"{failure}; then "
        try:
            return self._download(component, name, url, progress)
        except RuntimeFailure as failure:
            raise RuntimeFailure(f"{pull_failed}{failure}") from failure

    def _download(self, component: Component, name: str, url: str, progress: ProgressCallback) -> list[str]:
        origin = self._origins.of(name)
        same = origin is not None and origin.url == url and origin.image_id == self._image_id(name)
        if origin is not None and same and component.image_sha256 == origin.sha256:
            return []
        validator = origin.validator if origin is not None and same and component.image_sha256 is None else ""
        download = Download(url, self._folder, self._largest, component.image_sha256)
        downloaded = download.fetch(progress, unless=validator)
        if downloaded is None:
            return []
        try:
            progress(None, f"loading {name}")
            loaded = load_image(self._client, downloaded.path, name, url, tagged=component.image_name is not None)
        finally:
            downloaded.path.unlink(missing_ok=True)
        self._origins.remember(name, url, downloaded, self._image_id(name) or "")
        return loaded

    def _usable(self, component: Component, name: str) -> bool:
        """Whether the image is there, and is not one that we loaded from elsewhere than the component says."""
        image_id = self._image_id(name)
        if image_id is None:
            return False
        origin = self._origins.of(name)
        if component.image_url is None or origin is None or origin.image_id != image_id:
            return True
        return origin.url == component.image_url and component.image_sha256 in (None, origin.sha256)

    def _image_id(self, name: str) -> str | None:
        with readable(f"cannot look for image {name}"):
            try:
                found: dict[str, str] = self._client.inspect_image(name)  # type: ignore[no-untyped-call]
                return found["Id"]
            except ImageNotFound:
                return None

    def _named(self) -> dict[str, str | None]:
        """The ids of all images on the Engine by their full names."""
        with readable("cannot list the images"):
            return {full_name(tag): one["Id"] for one in self._client.images() for tag in one.get("RepoTags") or ()}

    def _note_brought(self, name: str, before: str | None) -> None:
        image_id = self._image_id(name)
        if image_id is not None:
            self._record.brought(name, before, image_id)

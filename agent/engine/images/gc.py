"""Removing images that this agent brought and that nothing uses any more, by age and when the disk fills.

An image is used while any container has it, ours or not, running or not, and by each deploy that wants it. It is
removed by its name and never by force: the Engine drops the layers with the last name, and refuses where we are wrong.
"""

import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from time import time

from docker import APIClient
from docker.errors import APIError, ImageNotFound

from agent.engine.errors import CONFLICT, explanation, readable
from agent.engine.images.gc_policy import Removal, next_removal
from agent.engine.images.inventory import engine_disk
from agent.engine.images.origins import Origins
from agent.engine.images.ours import BroughtImage, ImageRecord
from agent.runtime.contract import RuntimeFailure

log = logging.getLogger(__name__)

LOOK_SECONDS = 600.0


class ImageCollector:
    """Looks every 10 minutes, in a thread of its own once it is started. `keep` is in seconds."""

    def __init__(
        self,
        client: APIClient,
        record: ImageRecord,
        origins: Origins,
        keep: float,
        disk_share: Callable[[Path], float] | None = None,
        clock: Callable[[], float] = time,
        removed: Callable[[], None] = lambda: None,
    ) -> None:
        """`removed` is called after each removal."""
        self._client, self._record, self._origins, self._keep = client, record, origins, keep
        self._disk_share = disk_share or share_used
        self._clock = clock
        self._removed = removed
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="image-gc", daemon=True)

    def start(self) -> None:
        """Look every 10 minutes from now on."""
        self._thread.start()

    def close(self) -> None:
        """End the thread; a removal that is under way is not waited for."""
        self._closing.set()

    def collect(self) -> None:
        """Remove what is not needed any more. Raises RuntimeFailure when the Engine doesn't answer."""
        if not self._record.images():
            return
        with readable("cannot look for unused images"):
            used = {one["ImageID"] for one in self._client.containers(all=True)}
            self._record.touch_ids(used)
            disk = engine_disk(self._client)
            left = set(self._record.images())
            while not self._closing.is_set():
                share = self._disk_share(disk) if disk else 0.0
                removal = next_removal(left, used, share, self._clock(), self._keep)
                if removal is None:
                    return
                left.discard(removal.image)
                self._carry_out(removal)

    def _run(self) -> None:
        while not self._closing.wait(LOOK_SECONDS):
            try:
                self.collect()
            except RuntimeFailure as failure:
                log.warning("%s", failure)
            except Exception:
                log.exception("looking for unused images ended unexpectedly")

    def _carry_out(self, removal: Removal) -> None:
        image = removal.image
        try:
            if self._record.remove(image, lambda: self._remove(image, removal.reason)):
                self._origins.forget(image.reference)
                self._removed()
        except APIError as error:
            if error.status_code != CONFLICT:
                raise
            log.info("image %s stays: %s", image.reference, explanation(error))

    def _remove(self, image: BroughtImage, reason: str) -> None:
        """Remove its name, if that still means what we brought."""
        try:
            found = self._client.inspect_image(image.reference)  # type: ignore[no-untyped-call]
            named_by_others = image.reference == image.image_id and found.get("RepoTags")
            if found["Id"] != image.image_id or named_by_others:
                return
            self._client.remove_image(image.reference)
        except ImageNotFound:
            return
        log.info("removed image %s: %s", image.reference, reason)


def share_used(folder: Path) -> float:
    """Measure how full the file system is that holds a folder, 0..1, as `df` does; 0 where it doesn't say."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return 0.0
    return usage.used / max(usage.used + usage.free, 1)

"""Which images this agent brought to its Engine and when each was last used: only these may it ever remove.

What was on the Engine before we came is somebody else's and is not recorded. Nor is it a loss when the record is: then
we brought nothing, and nothing is removed.
"""

import logging
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from time import time

import msgspec

log = logging.getLogger(__name__)


class BroughtImage(msgspec.Struct, frozen=True):
    """An image under the name that we gave it or got it by; its own id where the name has gone to a newer image.

    `used` is in seconds since the epoch.
    """

    reference: str
    image_id: str
    used: float


class ImageRecord:
    """The images we brought, kept in one JSON file. Safe to use from several threads.

    Where the file can't be written, the record goes on in memory: a full disk must keep no image from being removed.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._images = {one.reference: one for one in self._read()}

    def images(self) -> tuple[BroughtImage, ...]:
        """List all of them."""
        with self._lock:
            return tuple(self._images.values())

    def brought(self, reference: str, before: str | None, image_id: str) -> None:
        """Note that we got an image under this name, which named the image `before` until then.

        A name that somebody else had given away stays theirs. An older image of ours which has lost its name to this
        one is kept in mind by its id.
        """
        with self._lock:
            known = self._images.get(reference)
            ours = known is not None and known.image_id == before
            if before is not None and not ours:
                return
            if before is not None and before != image_id:
                self._images[before] = BroughtImage(before, before, self._clock())
            self._images[reference] = BroughtImage(reference, image_id, self._clock())
            self._write()

    def touch(self, reference: str) -> None:
        """Note that a deploy wants this image now."""
        with self._lock:
            if reference in self._images:
                self._touch({self._images[reference].image_id})

    def touch_ids(self, image_ids: Collection[str]) -> None:
        """Note that there are containers of these images now."""
        with self._lock:
            self._touch(image_ids)

    def remove(self, image: BroughtImage, how: Callable[[], None]) -> bool:
        """Remove an image with `how`, and forget it; whether that was done.

        It is not done when the image was used since it was read here. Meanwhile nobody can begin to use it: `touch`
        waits, so that a deploy either keeps the image or finds it gone. When `how` raises, the image counts as used
        just now, so that it is not tried over and over.
        """
        with self._lock:
            if self._images.get(image.reference) != image:
                return False
            try:
                how()
            except Exception:
                self._touch({image.image_id})
                raise
            del self._images[image.reference]
            self._write()
            return True

    def _touch(self, image_ids: Collection[str]) -> None:
        used = [one for one in self._images.values() if one.image_id in image_ids]
        now = self._clock()
        self._images |= {one.reference: BroughtImage(one.reference, one.image_id, now) for one in used}
        if used:
            self._write()

    def _read(self) -> list[BroughtImage]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[BroughtImage])
        except (OSError, msgspec.MsgspecError):
            return []

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh.write_bytes(msgspec.json.encode(sorted(self._images.values(), key=lambda one: one.reference)))
            fresh.replace(self._path)
        except OSError as error:
            log.warning("cannot note which images were brought in %s: %s", self._path, error.strerror)

"""A watched directory: it tells when something in it has changed, and reads all of it as one batch.

Changes come from the kernel through watchfiles; once a second names and times are compared besides, so that a
directory that is replaced, mounted over, or created late is noticed too.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from watchfiles import watch

from reconciler.manifest.model import Sync
from reconciler.source.directory.folder import directory_name, fingerprint, read_directory_tree
from reconciler.source.files import SourceReading, read_specs

STEP_MS = 5
"""A change is told of once nothing more has changed for this long: a write of many files is one change."""
DEBOUNCE_MS = 50
"""It is told of after this long in any case."""
LOOK_MS = 1000
REMOVAL_SECONDS = 1.0
"""How long a business must be missing to count as removed: programs that replace a file may delete it first."""


class DirectorySource:
    """The directory of specs at `root`."""

    def __init__(self, root: Path, name: str = "", sync: Sync | None = None) -> None:
        """`sync` is the policy of its businesses, as far as they have none of their own."""
        self.root = root
        self.name = name or directory_name(root)
        self.removal_seconds = REMOVAL_SECONDS
        self._sync = sync or Sync()
        self._bases: tuple[Path, ...] = ()
        self._again: float | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def read(self) -> SourceReading:
        """Read what the files declare now."""
        tree = read_directory_tree(self.root, self.name)
        self._bases = tuple(self.root / path for path in tree.bases)
        if tree.unfinished:
            self.look_again()
        reading = read_specs(tree).under(self._sync)
        if reading.unreadable:
            return replace(reading, unreadable=f"{self.root}: {reading.unreadable}")
        return reading

    def start(self, changed: Callable[[], None]) -> None:
        """Call `changed` soon after each change, from a thread of this source. The first call comes at once."""
        self._thread = threading.Thread(target=self._watch, args=(changed,), name="directory", daemon=True)
        self._thread.start()

    def look_again(self) -> None:
        """Call `changed` once more after the time that removals wait."""
        self._again = time.monotonic() + self.removal_seconds

    def refresh(self) -> None:
        """Nothing of a directory is far away."""

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self, changed: Callable[[], None]) -> None:
        seen: object = None
        while not self._stop.is_set():
            now = self._look()
            if now != seen or self._is_due():
                seen = now
                changed()
            if not self.root.is_dir():
                self._stop.wait(LOOK_MS / 1000)
                continue
            watched = self._watched()
            for changes in watch(
                *watched,
                stop_event=self._stop,
                debounce=DEBOUNCE_MS,
                step=STEP_MS,
                rust_timeout=LOOK_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
                watch_filter=None,
            ):
                now = self._look()
                if changes or now != seen or self._is_due():
                    seen = now
                    changed()
                if self._watched() != watched:
                    break

    def _look(self) -> object:
        """A value that differs when anything that is read here was changed."""
        return [fingerprint(folder) for folder in (self.root, *self._bases)]

    def _watched(self) -> dict[Path, tuple[int, int] | None]:
        """The directory and the folders it is based on, as far as they are there, and which ones they are."""
        folders = (self.root, *(base for base in self._bases if base.is_dir()))
        return {folder: _inode(folder) for folder in folders}

    def _is_due(self) -> bool:
        """Whether it is time to look again at what seemed to be removed."""
        if self._again is None or time.monotonic() < self._again:
            return False
        self._again = None
        return True


def _inode(root: Path) -> tuple[int, int] | None:
    try:
        status = root.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino

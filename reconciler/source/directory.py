"""A watched directory: it tells when something in it has changed, and reads all of it as one batch.

Changes come from the kernel through watchfiles; once a second names and times are compared besides, so that a
directory that is replaced, mounted over, or created late is noticed too.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from watchfiles import watch

from reconciler.source.files import Snapshot, read_specs
from reconciler.source.folder import directory_name, fingerprint, read_directory_tree

DEBOUNCE_MS = 50
STEP_MS = 20
LOOK_MS = 1000
REST_SECONDS = 1.0
"""How long a business must be missing to count as removed: programs that replace a file may delete it first."""


class DirectorySource:
    """The directory of specs at `root`."""

    def __init__(self, root: Path, name: str = "") -> None:
        self.root = root
        self.name = name or directory_name(root)
        self.rest = REST_SECONDS
        self._again: float | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def read(self) -> Snapshot:
        """What the files say now."""
        return read_specs(read_directory_tree(self.root, self.name))

    def start(self, changed: Callable[[], None]) -> None:
        """Call `changed` soon after each change, from a thread of this source. The first call comes at once."""
        self._thread = threading.Thread(target=self._watch, args=(changed,), name="directory", daemon=True)
        self._thread.start()

    def look_again(self) -> None:
        """Call `changed` once more after the time that removals wait."""
        self._again = time.monotonic() + self.rest

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
            now = fingerprint(self.root)
            if now != seen or self._is_due():
                seen = now
                changed()
            if not self.root.is_dir():
                self._stop.wait(LOOK_MS / 1000)
                continue
            inode = _inode(self.root)
            for changes in watch(
                self.root,
                stop_event=self._stop,
                debounce=DEBOUNCE_MS,
                step=STEP_MS,
                rust_timeout=LOOK_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
                watch_filter=None,
            ):
                now = fingerprint(self.root)
                if changes or now != seen or self._is_due():
                    seen = now
                    changed()
                if _inode(self.root) != inode:
                    break

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

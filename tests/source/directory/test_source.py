"""The watched directory tells of every change, however it is made."""

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.source.directory.source import DirectorySource


class Watched:
    """A directory source whose calls can be awaited."""

    def __init__(self, root: Path) -> None:
        self.changed = threading.Event()
        self.source = DirectorySource(root)
        self.source.start(self.changed.set)

    def told(self) -> bool:
        heard = self.changed.wait(20)
        self.changed.clear()
        return heard


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path / "desired")
    yield made
    made.source.close()


def test_it_tells_of_every_kind_of_change(watched: Watched) -> None:
    root = watched.source.root
    assert watched.told(), "the first call comes at once"
    root.mkdir()
    assert watched.told(), "the directory appears"
    file = root / "a.yaml"
    file.write_text("a")
    assert watched.told(), "a file is written"
    other = root / "b.tmp"
    other.write_text("b")
    os.replace(other, file)
    assert watched.told(), "a file is replaced as editors and git do"
    shutil.rmtree(root)
    assert watched.told(), "the directory goes"
    root.mkdir()
    (root / "c.yaml").write_text("c")
    assert watched.told(), "the directory is back"


def test_it_looks_again_at_what_was_being_written(tmp_path: Path) -> None:
    root = tmp_path / "desired"
    root.mkdir()
    file = root / "a.yaml"
    with file.open("w") as writing:
        writing.write("# whole")
        writing.flush()
        source = DirectorySource(root)
        assert "is being written" in source.read().problems[0].message
    changed = threading.Semaphore(0)
    source.start(changed.release)
    try:
        assert changed.acquire(timeout=20), "the first call comes at once"
        assert changed.acquire(timeout=20), "nothing was written since, but somebody has closed it"
        assert not source.read().problems
    finally:
        source.close()

"""An instance's folder: its record, its files, its output."""

import stat
from pathlib import Path

import pytest

from agent.process import record as records
from agent.process.record import InstanceFolder, Record
from agent.runtime.contract import RuntimeFailure
from reconciler.manifest.model import ConfigFile
from reconciler.wire.messages import InstanceKey
from tests.agent.process.conftest import deploy


@pytest.fixture
def folder(tmp_path: Path) -> InstanceFolder:
    made = InstanceFolder.of(tmp_path, InstanceKey("shop", "web", 0))
    made.make((), None)
    return made


def test_a_record_is_read_as_it_was_written(folder: InstanceFolder, tmp_path: Path) -> None:
    record = Record(deploy=deploy("sleep", "600"), container_id="c", pid=7, ticks=8)
    folder.write(record)
    assert folder.read() == record
    assert [one.path for one in InstanceFolder.all(tmp_path)] == [folder.path]
    assert stat.S_IMODE((folder.path / "record.json").stat().st_mode) == 0o600, "it holds secrets"
    (folder.path / "record.json").write_text("{half")
    assert folder.read() is None
    folder.remove()
    assert folder.read() is None and InstanceFolder.all(tmp_path) == []


def test_files_are_made_anew(folder: InstanceFolder) -> None:
    folder.make((ConfigFile(path="/deep/old.conf", content="x", mode="0600"),), None)
    assert stat.S_IMODE((folder.files / "deep/old.conf").stat().st_mode) == 0o600
    folder.make((ConfigFile(path="new.conf", content="y"),), None)
    assert [path.name for path in folder.files.rglob("*")] == ["new.conf"]


def test_no_file_leaves_the_folder(folder: InstanceFolder) -> None:
    with pytest.raises(RuntimeFailure, match="leaves the instance's directory"):
        folder.make((ConfigFile(path="../out", content="x"),), None)


def test_output_is_read_on_from_a_place(folder: InstanceFolder) -> None:
    folder.log.write_text("one\ntwo\nthr")
    assert folder.read_log(0, 100) == (["one", "two"], 8)
    assert folder.read_log(8, 100) == (["thr"], 11)
    assert folder.read_log(500, 100) == (["one", "two"], 8), "it was begun anew"
    assert folder.last_log(1, 100) == (["two"], 8)
    assert folder.last_log(0, 100) == ([], 8)
    assert folder.last_lines(2) == "two | thr"
    assert folder.last_lines(characters_max=3) == "thr"


def test_without_output_there_is_nothing(folder: InstanceFolder) -> None:
    assert (folder.read_log(0, 100), folder.last_log(5, 100), folder.last_lines()) == (([], 0), ([], 0), "")
    folder.rotate()


def test_large_output_is_moved_aside(folder: InstanceFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.log.write_text("0123456789")
    folder.rotate()
    assert folder.log.stat().st_size == 10
    monkeypatch.setattr(records, "OUTPUT_BYTES_MAX", 9)
    folder.rotate()
    assert folder.log.stat().st_size == 0
    assert folder.log.with_suffix(".log.1").read_text() == "0123456789"

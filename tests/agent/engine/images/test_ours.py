"""The record of the images we brought: what is ours, when it was used, and that it outlives the agent."""

from pathlib import Path

import pytest

from agent.engine.images.ours import BroughtImage, ImageRecord
from agent.runtime.contract import RuntimeFailure


class Clock:
    """A clock that a test sets, in seconds."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def record(tmp_path: Path, clock: Clock) -> ImageRecord:
    return ImageRecord(tmp_path / "state" / "images.json", clock)


def test_what_was_brought_is_known_to_the_next_agent(record: ImageRecord, clock: Clock, tmp_path: Path) -> None:
    record.brought("web:1", None, "sha256:a")
    clock.now = 200.0
    record.touch("web:1")
    record.touch("other:1")
    expected = (BroughtImage("web:1", "sha256:a", 200.0),)
    assert record.images() == ImageRecord(tmp_path / "state" / "images.json").images() == expected


@pytest.mark.parametrize("content", [None, b"", b'[{"reference": "web:1"', b'{"web:1": 3}'])
def test_a_missing_or_damaged_file_means_that_we_brought_nothing(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "images.json"
    if content is not None:
        path.write_bytes(content)
    assert ImageRecord(path).images() == ()


def test_a_name_that_was_there_before_is_not_ours(record: ImageRecord) -> None:
    record.brought("web:1", "sha256:theirs", "sha256:theirs")
    record.brought("web:2", "sha256:theirs", "sha256:new")
    assert record.images() == ()


def test_an_image_that_lost_its_name_to_a_newer_one_is_kept_in_mind_by_its_id(record: ImageRecord) -> None:
    record.brought("web:1", None, "sha256:a")
    record.brought("web:1", "sha256:a", "sha256:b")
    known = {(one.reference, one.image_id) for one in record.images()}
    assert known == {("web:1", "sha256:b"), ("sha256:a", "sha256:a")}


def test_a_name_that_somebody_gave_to_another_image_is_theirs_from_then_on(record: ImageRecord) -> None:
    record.brought("web:1", None, "sha256:a")
    record.brought("web:1", "sha256:theirs", "sha256:b")
    assert [one.image_id for one in record.images()] == ["sha256:a"]


def test_all_names_of_an_image_are_used_together(record: ImageRecord, clock: Clock) -> None:
    record.brought("web:1", None, "sha256:a")
    record.brought("also:1", None, "sha256:a")
    record.brought("other:1", None, "sha256:b")
    clock.now = 200.0
    record.touch("web:1")
    assert {one.reference: one.used for one in record.images()} == {"web:1": 200.0, "also:1": 200.0, "other:1": 100.0}
    clock.now = 300.0
    record.touch_ids({"sha256:b", "sha256:unknown"})
    assert {one.reference: one.used for one in record.images()} == {"web:1": 200.0, "also:1": 200.0, "other:1": 300.0}


def test_what_was_used_meanwhile_is_not_removed(record: ImageRecord, clock: Clock) -> None:
    record.brought("web:1", None, "sha256:a")
    (seen,) = record.images()
    clock.now = 200.0
    record.touch("web:1")
    removed: list[str] = []
    assert not record.remove(seen, lambda: removed.append("web:1"))
    (seen,) = record.images()
    assert record.remove(seen, lambda: removed.append("web:1"))
    assert removed == ["web:1"] and record.images() == ()


def test_what_can_t_be_removed_stays_and_counts_as_used(record: ImageRecord, clock: Clock) -> None:
    def refuse() -> None:
        raise RuntimeFailure("in use")

    record.brought("web:1", None, "sha256:a")
    clock.now = 200.0
    with pytest.raises(RuntimeFailure):
        record.remove(record.images()[0], refuse)
    assert [one.used for one in record.images()] == [200.0]


def test_a_full_disk_does_not_keep_the_record_from_working(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    record = ImageRecord(tmp_path / "file" / "images.json")
    record.brought("web:1", None, "sha256:a")
    assert [one.reference for one in record.images()] == ["web:1"]

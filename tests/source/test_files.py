"""Reading a directory as one batch: a broken file stops only itself, and an unreadable directory declares nothing."""

import errno
import os
from pathlib import Path

import pytest

from reconciler.source.directory.folder import fingerprint, read_directory_tree
from reconciler.source.files import SourceReading, read_specs

SPEC = """\
business_id: {name}
business_name: {name}
components:
  - component_id: web
    component_name: web
    image_name: nginx:1
"""


def read_directory(root: Path) -> SourceReading:
    return read_specs(read_directory_tree(root))


@pytest.fixture
def desired(tmp_path: Path) -> Path:
    directory = tmp_path / "desired"
    directory.mkdir()
    return directory


def test_every_spec_file_is_read_also_in_subdirectories(desired: Path) -> None:
    (desired / "a.yaml").write_text(SPEC.format(name="a") + "---\n" + SPEC.format(name="b"))
    (desired / "team").mkdir()
    (desired / "team" / "c.yml").write_text(SPEC.format(name="c"))
    (desired / "d.json").write_text(
        '{"business_id": "d", "business_name": "d",'
        ' "components": [{"component_id": "w", "component_name": "w", "image_name": "x:1"}]}'
    )
    (desired / ".hidden.yaml").write_text("nonsense: [")
    (desired / "notes.txt").write_text("nonsense: [")
    reading = read_directory(desired)
    assert {name: entry.file for name, entry in reading.declared.items()} == {
        "a": "desired/a.yaml",
        "b": "desired/a.yaml",
        "c": "desired/team/c.yml",
        "d": "desired/d.json",
    }
    assert not reading.problems
    assert not reading.unreadable


def test_a_broken_file_stops_only_itself(desired: Path) -> None:
    (desired / "a.yaml").write_text(SPEC.format(name="a"))
    (desired / "bad.yaml").write_text("business_id: [")
    (desired / "wrong.yaml").write_text(SPEC.format(name="wrong") + "replicaz: 3\n")
    (desired / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    reading = read_directory(desired)
    assert set(reading.declared) == {"a"}
    assert reading.broken == {"desired/bad.yaml", "desired/wrong.yaml", "desired/binary.yaml"}
    assert {problem.file for problem in reading.problems} == reading.broken


def test_an_id_declared_twice_is_taken_from_neither_file(desired: Path) -> None:
    for name in ("a", "b", "c"):
        (desired / f"{name}.yaml").write_text(SPEC.format(name="same") + "---\n" + SPEC.format(name=name))
    reading = read_directory(desired)
    assert set(reading.declared) == {"a", "b", "c"}
    assert reading.contested == {"same": ("desired/a.yaml", "desired/b.yaml", "desired/c.yaml")}
    told = {problem.file: problem.message for problem in reading.problems}
    assert "desired/b.yaml, desired/c.yaml" in told["desired/a.yaml"]
    assert "desired/a.yaml, desired/c.yaml" in told["desired/b.yaml"]


def test_a_missing_directory_is_unreadable(tmp_path: Path) -> None:
    reading = read_directory(tmp_path / "none")
    assert "No such file or directory" in reading.unreadable
    assert not reading.declared


def test_empty_files_are_silent(desired: Path) -> None:
    (desired / "empty.yaml").write_text("")
    (desired / "comment.yaml").write_text("# nothing yet\n")
    assert read_directory(desired).silent == {"desired/empty.yaml", "desired/comment.yaml"}


def test_the_fingerprint_differs_after_every_change(desired: Path) -> None:
    seen = {str(fingerprint(desired))}
    file = desired / "a.yaml"
    for change in (
        lambda: file.write_text("one"),
        lambda: file.write_text("three"),
        lambda: file.rename(desired / "b.yaml"),
        lambda: (desired / "b.yaml").unlink(),
        lambda: desired.rename(desired.with_name("elsewhere")),
    ):
        change()
        seen.add(str(fingerprint(desired)))
    assert len(seen) == 5, "without its file it is as it was at first"


def test_links_out_of_the_directory_are_refused_and_those_inside_followed(desired: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text(SPEC.format(name="secret"))
    (desired / "..data").mkdir()
    (desired / "..data" / "a.yaml").write_text(SPEC.format(name="a"))
    (desired / "a.yaml").symlink_to("..data/a.yaml")
    (desired / "b.yaml").symlink_to(outside / "secret.yaml")
    (desired / "team").symlink_to(outside)
    (desired / "nowhere.yaml").symlink_to("not-there.yaml")
    reading = read_directory(desired)
    assert set(reading.declared) == {"a"}
    assert reading.broken == {"desired/b.yaml", "desired/team", "desired/nowhere.yaml"}
    told = {problem.file: problem.message for problem in reading.problems}
    assert str(outside / "secret.yaml") in told["desired/b.yaml"] and "outside" in told["desired/team"]


def test_a_directory_that_is_a_link_itself_is_read(desired: Path, tmp_path: Path) -> None:
    (desired / "a.yaml").write_text(SPEC.format(name="a"))
    link = tmp_path / "link"
    link.symlink_to(desired)
    assert read_directory(link).declared["a"].file == "link/a.yaml"


def test_pipes_and_folders_named_like_specs_stop_nobody(desired: Path) -> None:
    os.mkfifo(desired / "pipe.yaml")
    (desired / "folder.yaml").mkdir()
    (desired / "folder.yaml" / "a.yaml").write_text(SPEC.format(name="a"))
    reading = read_directory(desired)
    assert set(reading.declared) == {"a"}
    assert reading.broken == {"desired/pipe.yaml"}


def test_a_folder_that_can_t_be_listed_is_broken_and_the_rest_is_read(
    desired: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desired / "team").mkdir()
    (desired / "a.yaml").write_text(SPEC.format(name="a"))
    listed = os.scandir

    def refused(folder: Path) -> object:
        if Path(folder).name == "team":
            raise PermissionError(errno.EACCES, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refused)
    reading = read_directory(desired)
    assert set(reading.declared) == {"a"} and reading.broken == {"desired/team"}
    assert "Permission denied" in reading.problems[0].message
    monkeypatch.setattr(os, "scandir", lambda folder: refused(Path("team")))
    assert "Permission denied" in read_directory(desired).unreadable


def test_a_file_that_keeps_changing_is_broken_until_it_rests(desired: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = desired / "a.yaml"
    file.write_text(SPEC.format(name="a"))
    looked = Path.stat
    versions = iter(range(10))

    def replaced(path: Path, **more: bool) -> os.stat_result:
        if path == file:
            other = desired / f".{next(versions)}"
            other.write_text(SPEC.format(name="a"))
            other.replace(file)
        return looked(path, **more)

    monkeypatch.setattr(Path, "stat", replaced)
    reading = read_directory(desired)
    assert reading.broken == {"desired/a.yaml"} and "changes while it is being read" in reading.problems[0].message
    monkeypatch.undo()
    assert set(read_directory(desired).declared) == {"a"}


def test_a_file_that_somebody_has_open_for_writing_is_left_for_later(desired: Path) -> None:
    file, whole = desired / "a.yaml", SPEC.format(name="a")
    (desired / "b.yaml").write_text(SPEC.format(name="b"))
    with file.open("w") as writing:
        writing.write(whole)
        writing.flush()
        tree = read_directory_tree(desired)
        assert tree.unfinished and set(tree.files) == {"b.yaml"} and tree.broken == {"a.yaml"}
        assert "is being written" in tree.problems[0].message
        os.utime(file, (1e9, 1e9))
        assert set(read_directory(desired).declared) == {"a", "b"}, "a log may be open for ever"
    tree = read_directory_tree(desired)
    assert not tree.unfinished and set(tree.files) == {"a.yaml", "b.yaml"}


def test_a_link_to_itself_stops_only_itself(desired: Path) -> None:
    (desired / "a.yaml").write_text(SPEC.format(name="a"))
    (desired / "loop.yaml").symlink_to("loop.yaml")
    (desired / "team").symlink_to("team")
    reading = read_directory(desired)
    assert set(reading.declared) == {"a"} and reading.broken == {"desired/loop.yaml", "desired/team"}

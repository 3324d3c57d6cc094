"""Reading a directory as one batch: a broken file stops only itself, and an unreadable directory declares nothing."""

from pathlib import Path

import pytest

from reconciler.source.files import fingerprint, read_directory

SPEC = """\
business_id: {name}
business_name: {name}
components:
  - component_id: web
    component_name: web
    image_name: nginx:1
"""


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
    snapshot = read_directory(desired)
    assert {name: entry.file for name, entry in snapshot.declared.items()} == {
        "a": "desired/a.yaml",
        "b": "desired/a.yaml",
        "c": "desired/team/c.yml",
        "d": "desired/d.json",
    }
    assert not snapshot.problems
    assert not snapshot.unreadable


def test_a_broken_file_stops_only_itself(desired: Path) -> None:
    (desired / "a.yaml").write_text(SPEC.format(name="a"))
    (desired / "bad.yaml").write_text("business_id: [")
    (desired / "wrong.yaml").write_text(SPEC.format(name="wrong") + "replicaz: 3\n")
    (desired / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    snapshot = read_directory(desired)
    assert set(snapshot.declared) == {"a"}
    assert snapshot.broken == {"desired/bad.yaml", "desired/wrong.yaml", "desired/binary.yaml"}
    assert {problem.file for problem in snapshot.problems} == snapshot.broken


def test_an_id_declared_twice_belongs_to_the_first_file(desired: Path) -> None:
    (desired / "a.yaml").write_text(SPEC.format(name="same"))
    (desired / "b.yaml").write_text(SPEC.format(name="same"))
    snapshot = read_directory(desired)
    assert snapshot.declared["same"].file == "desired/a.yaml"
    assert [problem.file for problem in snapshot.problems] == ["desired/b.yaml"]
    assert "desired/a.yaml" in snapshot.problems[0].message


def test_a_missing_directory_is_unreadable(tmp_path: Path) -> None:
    snapshot = read_directory(tmp_path / "none")
    assert "No such file or directory" in snapshot.unreadable
    assert not snapshot.declared


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

"""A file that lists sources is read as a whole, and what is wrong with it is told with its line."""

from pathlib import Path

import pytest

from reconciler.manifest.errors import SpecError
from reconciler.manifest.model import Sync, Window
from reconciler.source.configure import build_sources, load_sources
from reconciler.source.source import SourceConfig, SourceError

BY_DAY = Window(kind="allow", schedule="0 8 * * *", duration=36000.0)

SOURCES = b"""- directory: desired
  sync:
    mode: manual
    prune: false
    self_heal: false
    windows:
    - {kind: allow, schedule: 0 8 * * *, duration: 10h}
- git: https://git.example.com/infra
"""


def test_a_file_of_sources_has_policies() -> None:
    first, second = load_sources(SOURCES, "sources.yaml", Path("/etc"))
    assert first.sync == Sync(mode="manual", prune=False, self_heal=False, windows=(BY_DAY,))
    assert second.sync == Sync()


def test_what_is_wrong_with_a_source_s_policy_is_told_with_its_line() -> None:
    data = SOURCES.replace(b"0 8 * * *", b"0 8 * * *, time_zone: Europe/Berln").replace(b"mode", b"mod")
    with pytest.raises(SpecError) as caught:
        load_sources(data, "sources.yaml", Path("/etc"))
    assert [str(problem) for problem in caught.value.problems] == [
        "sources.yaml:3: [0].sync.mod: is unknown here; did you mean 'mode'?"
    ]
    with pytest.raises(SpecError) as caught:
        load_sources(data.replace(b"mod:", b"mode:"), "sources.yaml", Path("/etc"))
    (problem,) = caught.value.problems
    assert (problem.line, problem.path) == (7, "[0].sync.windows[0].time_zone")


def test_every_field_is_read_and_directories_are_relative_to_the_file() -> None:
    data = b"- {git: URL, name: infra, branch: main, path: desired/, poll: 1m, verify_signatures: true}\n- directory: more\n"
    first, second = load_sources(data, "sources.yaml", Path("/etc"))
    expected = SourceConfig(git="URL", name="infra", branch="main", path="desired", poll=60.0, verify_signatures=True)
    assert (first, second) == (expected, SourceConfig(directory=Path("/etc/more")))


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("desired", "[0]: must be a map with 'git' or 'directory'"),
        ("{name: x}", "[0]: must have one of 'git' and 'directory'"),
        ("{git: URL, directory: x}", "[0]: must have one of 'git' and 'directory'"),
        ("{directory: x, branch: main}", "[0].branch: is for git repositories only"),
        ("{git: URL, brunch: main}", "[0].brunch: is no field of a source: did you mean 'branch'?"),
        ("{git: URL, poll: 0}", "[0].poll: must be a time such as 15s, at least 1 s"),
        ("{git: URL, path: ../x}", "[0].path: --path '../x' leads out of the repository"),
        ("{git: URL, verify_signatures: 1}", "[0].verify_signatures: must be true or false"),
        ("{git: 5}", "[0].git: must be text in one line"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told(entry: str, complaint: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_sources(f"- {entry}\n".encode(), "sources.yaml", Path("/etc"))
    assert f"sources.yaml:1: {complaint}" in [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("names", [("a", "a"), ("a", "a/b"), ("api", "b")])
def test_sources_whose_files_can_t_be_told_apart_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    configs = [SourceConfig(directory=tmp_path, name=name) for name in names]
    with pytest.raises(SourceError):
        build_sources(configs, tmp_path)

"""Making a container step by step, on an Engine in memory that fails where a test says so."""

import itertools
from pathlib import Path

import pytest

from agent.engine.create import ContainerCreator
from agent.engine.files import MountedFiles
from agent.engine.labels import labels_of
from agent.engine.networks import Networks
from agent.engine.remove import ContainerRemover
from agent.runtime.contract import RuntimeFailure
from reconciler.manifest.model import ConfigFile
from tests.agent.engine.fake_engine import FakeEngine
from tests.agent.engine.parts import deploy

NAME = "shop.web.0.here"
MOUNTED = {"read_only": True, "config_files": (ConfigFile(path="/etc/app.conf", content="x"),)}


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def creator(engine: FakeEngine, tmp_path: Path) -> ContainerCreator:
    networks, files = Networks(engine.client, "here"), MountedFiles(tmp_path, "here")
    remover = ContainerRemover(engine.client, "here", networks, files)
    seconds = itertools.count(step=4.0)
    return ContainerCreator(engine.client, "here", networks, files, remover, clock=lambda: next(seconds))


def left(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_it_is_made_started_and_noted_meanwhile(creator: ContainerCreator, engine: FakeEngine) -> None:
    container_id = creator.create(deploy(), alongside=False)
    assert engine.containers_by_id[container_id]["State"]["Running"]
    assert [name for name, _ in engine.calls if name in ("create network", "create", "start")] == [
        *("create network", "create", "start"),
    ]
    assert creator.making() == frozenset()


def test_what_runs_already_is_the_answer(creator: ContainerCreator, engine: FakeEngine) -> None:
    there = engine.add(NAME, labels_of(deploy(), "here"))
    assert creator.create(deploy(), alongside=False) == there
    assert not engine.made("create")


@pytest.mark.parametrize(("digest", "running"), [("d0", True), ("d1", False)])
def test_any_other_of_the_instance_is_replaced(
    creator: ContainerCreator, engine: FakeEngine, digest: str, running: bool
) -> None:
    older = engine.add(NAME, labels_of(deploy(digest=digest), "here"), running)
    container_id = creator.create(deploy(), alongside=False)
    assert list(engine.containers_by_id) == [container_id] != [older]
    assert engine.made("stop") == ([older] if running else [])


def test_alongside_the_older_one_stays(creator: ContainerCreator, engine: FakeEngine) -> None:
    older = engine.add(NAME, labels_of(deploy(digest="d0"), "here"))
    creator.create(deploy(version=7), alongside=True)
    assert older in engine.containers_by_id and engine.made("create") == [f"{NAME}.v7"]


@pytest.mark.parametrize("labels", [{}, {"reconciler.node_id": "here"}])
def test_a_stranger_in_the_way_is_named(creator: ContainerCreator, engine: FakeEngine, labels: dict[str, str]) -> None:
    engine.add(NAME, labels)
    with pytest.raises(RuntimeFailure, match="did not make is in the way"):
        creator.create(deploy(), alongside=False)
    assert len(engine.containers_by_id) == 1


@pytest.mark.parametrize(
    ("call", "status", "text", "reason"),
    [
        ("create", 409, "Conflict", "another container took the name 'shop.web.0.here' just now"),
        ("create", 400, "Minimum memory limit allowed is 6MB", "cannot create shop/web/0: Minimum memory"),
        ("start", 500, 'exec: "x": executable file not found in $PATH', "the image has no program 'x'"),
    ],
)
def test_a_failure_leaves_nothing_behind(
    creator: ContainerCreator, engine: FakeEngine, tmp_path: Path, call: str, status: int, text: str, reason: str
) -> None:
    engine.failures[call] = [(status, text)]
    with pytest.raises(RuntimeFailure, match=reason):
        creator.create(deploy(**MOUNTED), alongside=False)
    assert engine.containers_by_id == {} and engine.networks_by_name == {}
    assert left(tmp_path) == []
    assert creator.making() == frozenset()


def test_a_network_that_changed_hands_is_made_again(creator: ContainerCreator, engine: FakeEngine) -> None:
    engine.failures["start"] = [(404, "network reconciler-shop not found")]
    container_id = creator.create(deploy(), alongside=False)
    assert list(engine.containers_by_id) == [container_id]
    assert len(engine.made("create")) == 2


def test_it_changes_hands_for_so_long_and_no_longer(creator: ContainerCreator, engine: FakeEngine) -> None:
    engine.failures["start"] = [(404, "network reconciler-shop not found")] * 9
    with pytest.raises(RuntimeFailure, match="network reconciler-shop not found"):
        creator.create(deploy(), alongside=False)
    assert engine.containers_by_id == {} and len(engine.made("create")) == 3

"""Rule 1, held before each change: containers that this node's agent did not make are never touched."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.engine.labels import NODE
from agent.engine.own import assert_own
from agent.engine.runtime import DockerRuntime
from agent.engine.stop import restart_container
from agent.runtime.contract import RuntimeFailure
from tests.agent.engine.fake_engine import FakeEngine
from tests.agent.engine.parts import deploy

CHANGES = {"stop", "restart", "rename", "update", "remove"}


@pytest.mark.parametrize("labels", [{}, {NODE: "another"}, {"reconciler.business_id": "shop"}])
@pytest.mark.parametrize(
    "change",
    [
        lambda runtime, engine, one: runtime.stop(one),
        lambda runtime, engine, one: runtime.promote(one, deploy().key),
        lambda runtime, engine, one: runtime.limit(one, deploy()),
        lambda runtime, engine, one: restart_container(engine.client, "here", one),
    ],
    ids=["stop", "promote", "limit", "restart"],
)
def test_a_stranger_is_left_alone(
    change: Callable[[DockerRuntime, FakeEngine, str], None], labels: dict[str, str], tmp_path: Path
) -> None:
    engine = FakeEngine()
    stranger = engine.add("stranger", labels)
    runtime = DockerRuntime("here", tmp_path, engine.client, engine.client, 3600.0)
    with pytest.raises(RuntimeFailure, match="is not of node 'here'; it is left alone"):
        change(runtime, engine, stranger)
    assert not CHANGES & {name for name, _ in engine.calls}
    assert stranger in engine.containers_by_id


def test_it_is_asserted_once_more_right_before_a_change() -> None:
    assert_own({NODE: "here"}, "here")
    with pytest.raises(AssertionError, match="rule 1: node 'here' touches no container of 'there'"):
        assert_own({NODE: "there"}, "here")

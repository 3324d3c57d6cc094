"""What the process runtime tells of its programs."""

from pathlib import Path

import pytest

from agent.process.runtime import ProcessRuntime
from agent.runtime.contract import LogQuery, NodeImages, NotRunning, RuntimeFailure
from reconciler.manifest.model import ConfigFile
from reconciler.wire.streams import LogLine
from tests.agent.process.conftest import Programs, deploy


def nothing(share: float | None, line: str) -> None:
    """A download's progress, of which there is none."""


def test_output_goes_on_where_it_was_read(programs: Programs) -> None:
    container_id = programs.runtime.create(deploy("sh", "-c", "echo one; echo two; exit 0", restart="no"))
    programs.wait(lambda one: one.ended)
    chunk = programs.runtime.logs(container_id, LogQuery(tail=1))
    assert chunk.lines == (LogLine(text="two"),)
    assert programs.runtime.logs(container_id, LogQuery(cursor=chunk.cursor)).lines == ()
    anothers = programs.runtime.logs(container_id, LogQuery(cursor="process-gone 8"))
    assert [line.text for line in anothers.lines] == ["one", "two"]
    with pytest.raises(RuntimeFailure, match="does not run here any more"):
        programs.runtime.logs("process-gone", LogQuery())


def test_what_runs_is_measured(programs: Programs) -> None:
    container_id = programs.runtime.create(deploy("sleep", "600"))
    found = programs.runtime.stats([container_id, "process-gone"])
    assert set(found) == {container_id} and found[container_id].memory_mb > 0


def test_new_limits_are_noted(programs: Programs) -> None:
    container_id = programs.runtime.create(deploy("sleep", "600"))
    programs.runtime.limit(container_id, deploy("sleep", "600", version=2))
    assert (programs.one().version, programs.one().container_id) == (2, container_id)


def test_nothing_runs_beside_what_has_ended(programs: Programs) -> None:
    container_id = programs.runtime.create(deploy("true", restart="no"))
    programs.wait(lambda one: one.ended)
    with pytest.raises(NotRunning):
        programs.runtime.exec(container_id, ["true"])


def test_programs_share_nothing_and_need_no_images(programs: Programs) -> None:
    assert programs.runtime.node_images() == NodeImages()
    with programs.runtime.holding_networks(deploy("sleep", "600")):
        programs.runtime.stop("process-gone")


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("no-such-program", "there is no program 'no-such-program' on this node"),
        ("/no/such/program", "there is no program /no/such/program on this node that can be run"),
        ("/etc/passwd", "there is no program /etc/passwd on this node that can be run"),
    ],
)
def test_a_program_that_is_not_there_is_said_before(tmp_path: Path, command: str, reason: str) -> None:
    with pytest.raises(RuntimeFailure, match=reason):
        ProcessRuntime("node-1", tmp_path).ensure_image(deploy(command).component, nothing)


def test_a_program_may_be_among_its_files(tmp_path: Path) -> None:
    own = deploy("/run.sh", config_files=(ConfigFile(path="run.sh", content="#!/bin/sh\n", mode="0755"),)).component
    ProcessRuntime("node-1", tmp_path).ensure_image(own, nothing)
    ProcessRuntime("node-1", tmp_path).ensure_image(deploy("sh").component, nothing)

"""What is told of containers of the real Engine, whatever became of them."""

from pathlib import Path

import docker
import pytest

from agent.engine.runtime import DockerRuntime
from reconciler.manifest.model import Healthcheck, Resources
from reconciler.wire.messages import Status
from tests.agent.engine.fixtures import client, node_id, runtime  # noqa: F401 - fixtures
from tests.agent.engine.parts import deploy, output, the_one, wait_status
from tests.support.waiting import wait_until

# ruff: noqa: F811 - the fixtures' names
pytestmark = pytest.mark.docker


def test_what_was_made_is_found_again_by_another_runtime(runtime: DockerRuntime, node_id: str, tmp_path: Path) -> None:
    wanted = deploy(version=3, resource_requirements=Resources(cpu_cores=0.1, memory_mb=32))
    container_id = runtime.create(wanted)
    later = DockerRuntime.connect(node_id, tmp_path / "other")
    try:
        found = the_one(later)
    finally:
        later.close()
    assert (found.key, found.container_id, found.digest, found.version) == (wanted.key, container_id, "d1", 3)
    assert (found.status, found.ended, found.message) == (Status.RUNNING, False, "")
    assert found.reservation.memory_mb == 32
    assert found.started_at is not None


def test_a_failed_program_says_its_last_words(runtime: DockerRuntime) -> None:
    runtime.create(deploy(command=("sh", "-c", "echo no database; exit 3"), restart="no"))
    found = wait_status(runtime, Status.FAILED)
    assert found.message == "exited with code 3: no database"
    assert found.ended


def test_what_runs_out_of_memory_says_how_much_it_may_use(runtime: DockerRuntime) -> None:
    eater = (
        "sh",
        "-c",
        "echo 1 > /proc/self/oom_score_adj; echo loading; echo the table; x=a; while :; do x=$x$x; done",
    )
    runtime.create(deploy(command=eater, restart="no", resource_requirements=Resources(memory_mb=8)))
    why = "exited with code 137 (out of memory: it needs more than its memory_mb of 8): loading | the table"
    # The Engine may tell of the memory a moment after it told of the end.
    wait_until(lambda: the_one(runtime).message == why, what="the reason")


def test_what_was_killed_says_its_last_words_too(runtime: DockerRuntime, client: docker.DockerClient) -> None:
    container_id = runtime.create(deploy(command=("sh", "-c", "echo serving; sleep 600"), restart="no"))
    wait_until(lambda: client.api.logs(container_id), what="its words")
    client.api.kill(container_id)
    assert wait_status(runtime, Status.FAILED).message == "exited with code 137 (killed): serving"


def test_what_has_been_restarted_often_enough_says_so(runtime: DockerRuntime) -> None:
    runtime.create(deploy(command=("sh", "-c", "echo cannot bind; exit 4"), restart="on-failure:1"))
    wait_until(lambda: "allows no more" in the_one(runtime).message, what="the end of it")
    assert the_one(runtime).message == "exited with code 4: cannot bind; restarted 1 time: on-failure:1 allows no more"


def test_a_finished_program_is_stopped_not_failed(runtime: DockerRuntime) -> None:
    container_id = runtime.create(deploy(command=("true",), restart="no"))
    found = wait_status(runtime, Status.STOPPED)
    assert (found.container_id, found.message, found.ended) == (container_id, "", True)


def test_a_crash_loop_is_seen_while_the_engine_restarts_it(runtime: DockerRuntime) -> None:
    runtime.create(deploy(command=("sh", "-c", "echo broken; exit 4")))
    found = wait_until(
        lambda: next((one for one in runtime.list() if "restarting" in one.message and one.restart_count), None),
        what="a restart",
    )
    assert (found.status, found.ended) == (Status.FAILED, False)
    assert "exited with code 4; restarting" in found.message or "exited with code 4: broken" in found.message


def test_health_decides_the_status(runtime: DockerRuntime, client: docker.DockerClient) -> None:
    check = Healthcheck(
        test=("CMD-SHELL", "cat /tmp/well 2> /dev/null || { echo not well yet; exit 1; }"),
        interval=0.1,
        timeout=5,
        retries=2,
    )
    container_id = runtime.create(deploy(healthcheck=check, restart="no"))
    assert the_one(runtime).status in (Status.STARTING, Status.FAILED)
    assert wait_status(runtime, Status.FAILED).message == "unhealthy: not well yet"
    output(client, container_id, "sh", "-c", "echo 1 > /tmp/well")
    assert wait_status(runtime, Status.RUNNING).message == ""

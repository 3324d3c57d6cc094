"""Probes, restarts of unhealthy containers, and commands before the stop, on the real Engine."""

import threading
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from agent.engine.runtime import DockerRuntime
from reconciler.manifest.model import Healthcheck, HttpProbe, Logging, Mount, TcpProbe
from reconciler.wire.messages import Status
from tests.agent.engine.fixtures import client, node_id, runtime  # noqa: F401 - fixtures
from tests.agent.engine.parts import deploy, the_one, wait_status
from tests.support.images import WEB
from tests.support.waiting import wait_until

# ruff: noqa: F811 - the fixtures' names
pytestmark = pytest.mark.docker

HTTP = Healthcheck(http=HttpProbe(port=8080), interval=0.1, timeout=5, retries=2)
TCP = Healthcheck(tcp=TcpProbe(port=8080), interval=0.1, timeout=5, retries=2)
LISTENS_LATER = ("sh", "-c", "while ! test -e /tmp/go; do sleep 0.05; done; exec httpd -f -p 8080")


def inside(client: docker.DockerClient, container_id: str, script: str) -> None:
    result = client.containers.get(container_id).exec_run(["sh", "-c", script])
    assert result.exit_code == 0, result.output


@pytest.fixture
def second(node_id: str, tmp_path: Path) -> Iterator[DockerRuntime]:
    """The runtime of the agent that comes after the first one."""
    made = DockerRuntime.connect(node_id, tmp_path / "second")
    yield made
    made.close()


def test_it_starts_until_its_port_takes_a_connection(runtime: DockerRuntime, client: docker.DockerClient) -> None:
    check = Healthcheck(tcp=TcpProbe(port=8080), interval=0.1, retries=1, start_period=600)
    container_id = runtime.create(deploy(healthcheck=check, command=LISTENS_LATER))
    found = wait_until(lambda: the_one(runtime) if "refused" in the_one(runtime).message else None, what="a refusal")
    assert (found.status, found.message) == (
        Status.STARTING,
        "waiting for its healthcheck: connection refused on port 8080",
    )
    inside(client, container_id, "echo > /tmp/go")
    assert wait_status(runtime, Status.RUNNING).message == ""


def test_what_its_page_answers_decides(runtime: DockerRuntime, client: docker.DockerClient) -> None:
    container_id = runtime.create(deploy(image_name=WEB, healthcheck=HTTP, restart="no"))
    wait_status(runtime, Status.RUNNING)
    inside(client, container_id, "echo x > /tmp/x; busybox mv /www/index.html /www/gone")
    assert wait_status(runtime, Status.FAILED).message == "unhealthy: GET / on port 8080 answers 404"
    inside(client, container_id, "busybox mv /www/gone /www/index.html")
    found = wait_status(runtime, Status.RUNNING)
    assert (found.message, found.restart_count) == ("", 0), "with restart: no it is never restarted"


def test_a_verdict_is_told_at_once(runtime: DockerRuntime, client: docker.DockerClient) -> None:
    heard = threading.Event()
    container_id = runtime.create(deploy(image_name=WEB, healthcheck=HTTP, restart="no"))
    runtime.watch(heard.set)
    wait_status(runtime, Status.RUNNING)
    inside(client, container_id, "busybox mv /www/index.html /www/gone")
    wait_until(lambda: heard.is_set() and the_one(runtime).status is Status.FAILED, what="the news")


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("host", "connection refused on port 9"), ("none", "port 9 can't be probed: the container has no address")],
)
def test_other_networks(runtime: DockerRuntime, mode: str, reason: str) -> None:
    check = Healthcheck(tcp=TcpProbe(port=9), interval=0.1, retries=1)
    runtime.create(deploy(healthcheck=check, network_mode=mode, restart="no"))
    assert reason in wait_status(runtime, Status.FAILED).message


def test_on_a_network_of_its_own_it_is_probed_there(runtime: DockerRuntime, node_id: str) -> None:
    runtime.create(deploy(image_name=WEB, healthcheck=HTTP, networks=(f"{node_id}-front",)))
    wait_status(runtime, Status.RUNNING)


def test_the_next_agent_knows_at_once_what_is_well(runtime: DockerRuntime, second: DockerRuntime) -> None:
    check = Healthcheck(http=HttpProbe(port=8080), interval=0.1, retries=3, start_period=600)
    runtime.create(deploy(image_name=WEB, healthcheck=check))
    wait_status(runtime, Status.RUNNING)
    runtime.close()
    assert the_one(second).status is Status.RUNNING


@pytest.mark.parametrize(
    "check",
    [HTTP, Healthcheck(test=("CMD", "test", "-e", "/www/index.html"), interval=0.1, timeout=5, retries=2)],
)
def test_what_turns_unhealthy_is_restarted_and_works_again(
    runtime: DockerRuntime, client: docker.DockerClient, check: Healthcheck, tmp_path: Path
) -> None:
    heals = "test -e /www/index.html || busybox mv /www/gone /www/index.html; trap 'exit 0' TERM; httpd -f -p 8080 -h /www & wait"
    container_id = runtime.create(deploy(image_name=WEB, command=("sh", "-c", heals), healthcheck=check))
    before = wait_status(runtime, Status.RUNNING)
    inside(client, container_id, "busybox mv /www/index.html /www/gone")
    failed = wait_status(runtime, Status.FAILED)
    assert failed.message.startswith("unhealthy: ") and failed.message.endswith("; restarting")
    assert not failed.ended
    after = wait_status(runtime, Status.RUNNING)
    assert (after.container_id, after.restart_count, after.message) == (container_id, 1, "")
    assert (after.started_at or 0) > (before.started_at or 0)


def test_a_restart_that_does_not_help_is_put_off(runtime: DockerRuntime) -> None:
    check = Healthcheck(tcp=TcpProbe(port=9), interval=0.1, retries=1)
    runtime.create(deploy(healthcheck=check, command=("sleep", "600"), init=True))
    found = wait_until(
        lambda: next((one for one in runtime.list() if "restarted 1 time, again in" in one.message), None),
        what="the second restart's plan",
    )
    assert found.message.startswith("unhealthy: connection refused on port 9; restarted 1 time, again in ")
    assert (found.status, found.restart_count, found.ended) == (Status.FAILED, 1, False)


def test_on_failure_says_how_often(runtime: DockerRuntime) -> None:
    check = Healthcheck(tcp=TcpProbe(port=9), interval=0.1, retries=1)
    runtime.create(deploy(healthcheck=check, restart="on-failure:1", init=True))
    found = wait_until(
        lambda: next((one for one in runtime.list() if one.restart_count and one.status is Status.FAILED), None),
        what="its last failure",
    )
    wait_until(lambda: the_one(runtime).message == "unhealthy: connection refused on port 9", what="no further plan")
    assert found.restart_count == 1


def mark(tmp_path: Path) -> Mount:
    return Mount(type="bind", source=str(tmp_path), target="/host")


def test_pre_stop_runs_before_the_stop(runtime: DockerRuntime, tmp_path: Path) -> None:
    told = "trap 'echo told >> /host/mark; exit 0' TERM; while :; do sleep 0.1; done"
    container_id = runtime.create(
        deploy(
            command=("sh", "-c", told),
            pre_stop=("sh", "-c", "echo $GREETING >> /host/mark"),
            environment_variables={"GREETING": "pre_stop"},
            volumes=(mark(tmp_path),),
            stop_grace_period=30.0,
        )
    )
    runtime.stop(container_id)
    assert (tmp_path / "mark").read_text() == "pre_stop\ntold\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("false",), "exited with code 1"),
        (("no-such-program",), "it can't be run: the image has no program 'no-such-program'"),
        (("sleep", "600"), "took all of the grace period"),
    ],
)
def test_pre_stop_stands_in_no_stop_s_way(
    runtime: DockerRuntime, words: tuple[str, ...], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    container_id = runtime.create(deploy(pre_stop=words))
    runtime.stop(container_id)
    assert runtime.list() == []
    assert reason in caplog.text


def test_pre_stop_of_what_does_not_run_is_left_out(runtime: DockerRuntime, caplog: pytest.LogCaptureFixture) -> None:
    container_id = runtime.create(deploy(command=("true",), restart="no", pre_stop=("false",)))
    wait_status(runtime, Status.STOPPED)
    runtime.stop(container_id)
    assert "pre_stop" not in caplog.text


def test_logs_are_kept_within_limits(runtime: DockerRuntime, client: docker.DockerClient) -> None:
    own = Logging(driver="json-file", options={"max-size": "1m"})
    default = "local" if client.info()["LoggingDriver"] == "local" else "json-file"
    limited, told = runtime.create(deploy()), runtime.create(deploy("told", logging=own))
    if default == "json-file":
        config = client.api.inspect_container(limited)["HostConfig"]["LogConfig"]
        assert config == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
    assert client.api.inspect_container(told)["HostConfig"]["LogConfig"]["Config"] == {"max-size": "1m"}

"""Containers on the real Engine: made as asked, found again, ended, and nobody else's touched."""

import threading
import urllib.request
from pathlib import Path

import docker
import pytest
from docker.errors import NotFound

from agent.engine.runtime import DockerRuntime
from agent.runtime.contract import Running, RuntimeFailure
from reconciler.manifest.model import ConfigFile, Device, Healthcheck, Mount, Port, Resources
from reconciler.wire.messages import Deploy, Status
from tests.agent.engine.fixtures import client, node_id, runtime  # noqa: F401 - fixtures
from tests.agent.engine.parts import deploy
from tests.support.images import WEB
from tests.support.waiting import wait_until

# ruff: noqa: F811 - the fixtures' names
pytestmark = pytest.mark.docker


def the_one(runtime: DockerRuntime) -> Running:
    (only,) = runtime.list()
    return only


def wait_status(runtime: DockerRuntime, status: Status) -> Running:
    wait_until(lambda: the_one(runtime).status == status, what=f"status {status}")
    return the_one(runtime)


def output(client: docker.DockerClient, container_id: str, *command: str) -> str:
    result = client.containers.get(container_id).exec_run(list(command))
    assert result.exit_code == 0, result.output
    return str(result.output.decode().strip())


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


def test_limits_environment_and_marks_are_on_the_container(
    runtime: DockerRuntime, client: docker.DockerClient, node_id: str
) -> None:
    container_id = runtime.create(
        deploy(
            resource_requirements=Resources(cpu_cores=0.25, memory_mb=48),
            environment_variables={"GREETING": "hello = world"},
            working_dir="/tmp",
            user="33:33",
            hostname="web-host",
            labels={"team": "a"},
        )
    )
    attributes = client.api.inspect_container(container_id)
    assert attributes["HostConfig"]["CpuQuota"] == 25_000
    assert attributes["HostConfig"]["Memory"] == 48 * 1024 * 1024
    assert attributes["HostConfig"]["RestartPolicy"]["Name"] == "always"
    labels = attributes["Config"]["Labels"]
    assert (labels["reconciler.node_id"], labels["reconciler.digest"], labels["team"]) == (node_id, "d1", "a")
    script = 'echo "$GREETING $PWD $(id -u):$(id -g) $(cat /etc/hostname)"'
    assert output(client, container_id, "sh", "-c", script) == "hello = world /tmp 33:33 web-host"


def test_config_files_are_there_before_the_program_starts(runtime: DockerRuntime, client: docker.DockerClient) -> None:
    files = (
        ConfigFile(path="/etc/app/deep/app.conf", content="a = 1\r\nüñ\n", mode="0640"),
        ConfigFile(path="/run/app/key", content="key"),
    )
    container_id = runtime.create(
        deploy(
            config_files=files,
            user="33:33",
            tmpfs=("/run/app",),
            command=("sh", "-c", "cat /etc/app/deep/app.conf /run/app/key > /tmp/seen && sleep 600"),
        )
    )
    wait_until(lambda: output(client, container_id, "cat", "/tmp/seen").endswith("key"), what="the program to read")
    seen = client.containers.get(container_id).exec_run(["cat", "/etc/app/deep/app.conf"]).output
    assert seen == "a = 1\r\nüñ\n".encode()
    assert output(client, container_id, "stat", "-c", "%a %u %g", "/etc/app/deep/app.conf") == "640 33 33"
    assert output(client, container_id, "stat", "-c", "%a", "/etc") == "755"


def test_config_files_reach_a_read_only_container_and_go_with_it(
    runtime: DockerRuntime, client: docker.DockerClient, tmp_path: Path
) -> None:
    file = ConfigFile(path="/etc/app.conf", content="x", mode="0444")
    container_id = runtime.create(deploy(config_files=(file,), read_only=True))
    assert output(client, container_id, "stat", "-c", "%a", "/etc/app.conf") == "444"
    assert output(client, container_id, "cat", "/etc/app.conf") == "x"
    runtime.stop(container_id)
    assert not [path for path in (tmp_path / "state" / "config").rglob("*") if path.is_file()]


def test_a_symlink_in_the_image_leads_no_file_out_of_the_container(
    runtime: DockerRuntime, client: docker.DockerClient, tmp_path: Path
) -> None:
    trap = client.containers.run(
        "reconciler-test/busybox:1", ["busybox", "ln", "-s", str(tmp_path), "/trap"], detach=True
    )
    trap.wait()
    trap.commit("reconciler-test/trap", "1")
    trap.remove()
    wanted = deploy(image_name="reconciler-test/trap:1", config_files=(ConfigFile(path="/trap/out", content="x"),))
    try:
        with pytest.raises(RuntimeFailure, match="path /trap/out leads outside of the container"):
            runtime.create(wanted)
    finally:
        client.images.remove("reconciler-test/trap:1", force=True)
    assert not (tmp_path / "out").exists()


def test_a_published_port_answers(runtime: DockerRuntime, client: docker.DockerClient) -> None:
    container_id = runtime.create(deploy(image_name=WEB, ports=(Port(target=8080, host_ip="127.0.0.1"),)))
    ports = client.api.inspect_container(container_id)["NetworkSettings"]["Ports"]
    port = int(ports["8080/tcp"][0]["HostPort"])

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
                return bool(answer.read() == b"hello\n")
        except OSError:
            return False

    wait_until(answers, what="the web server")


def test_named_volumes_stay_and_anonymous_ones_go(
    runtime: DockerRuntime, client: docker.DockerClient, node_id: str, tmp_path: Path
) -> None:
    host_folder = tmp_path / "made" / "by" / "the-engine"
    volumes = (
        Mount(type="bind", source=str(host_folder), target="/host"),
        Mount(type="volume", source=node_id, target="/data"),
        Mount(type="volume", target="/scratch"),
    )
    container_id = runtime.create(deploy(volumes=volumes))
    mounts = client.api.inspect_container(container_id)["Mounts"]
    (anonymous,) = (one["Name"] for one in mounts if one["Destination"] == "/scratch")
    output(client, container_id, "sh", "-c", "echo 1 > /host/file; echo 1 > /data/file")
    runtime.stop(container_id)
    assert (host_folder / "file").read_text() == "1\n"
    client.volumes.get(node_id).remove()
    with pytest.raises(NotFound):
        client.volumes.get(anonymous)


def test_components_find_each_other_by_id_on_their_networks(
    runtime: DockerRuntime, client: docker.DockerClient, node_id: str
) -> None:
    networks = (f"{node_id}-front", f"{node_id}-back")
    runtime.create(deploy("server", image_name=WEB, networks=networks))
    asker = runtime.create(deploy("asker", networks=networks[1:]))
    script = ["sh", "-c", "wget -q -O - http://server:8080/"]

    def asked() -> bytes:
        return bytes(client.containers.get(asker).exec_run(script).output)

    wait_until(lambda: asked() == b"hello\n", what="the server by its name")


def test_networks_go_with_their_last_instance_unless_others_made_them(
    runtime: DockerRuntime, client: docker.DockerClient, node_id: str
) -> None:
    ours, theirs = f"{node_id}-ours", f"{node_id}-theirs"
    stranger = client.networks.create(theirs)
    try:
        first = runtime.create(deploy("first", networks=(ours, theirs)))
        second = runtime.create(deploy("second", networks=(ours,)))
        runtime.stop(first)
        assert client.networks.list(names=[ours])
        runtime.stop(second)
        assert not client.networks.list(names=[ours])
        assert client.networks.list(names=[theirs])
    finally:
        stranger.remove()


def test_stop_removes_and_stopping_again_is_fine(runtime: DockerRuntime) -> None:
    container_id = runtime.create(deploy())
    runtime.stop(container_id)
    runtime.stop(container_id)
    assert runtime.list() == []


def test_a_paused_container_says_so_and_can_be_stopped(runtime: DockerRuntime, client: docker.DockerClient) -> None:
    container_id = runtime.create(deploy())
    client.api.pause(container_id)
    found = the_one(runtime)
    assert found.status == Status.FAILED and "paused by someone" in found.message
    runtime.stop(container_id)
    assert runtime.list() == []


def test_creating_the_same_again_makes_no_second_container(runtime: DockerRuntime) -> None:
    first = runtime.create(deploy())
    assert runtime.create(deploy()) == first
    assert len(runtime.list()) == 1


def test_another_version_takes_the_place_of_the_one_in_the_way(runtime: DockerRuntime) -> None:
    first = runtime.create(deploy())
    second = runtime.create(deploy(digest="d2", version=2))
    assert second != first
    assert [(one.container_id, one.version) for one in runtime.list()] == [(second, 2)]


def test_what_was_never_started_is_reported_and_replaced(runtime: DockerRuntime, client: docker.DockerClient) -> None:
    container_id = runtime.create(deploy())
    attributes = client.api.inspect_container(container_id)
    runtime.stop(container_id)
    leftover = client.api.create_container(
        attributes["Config"]["Image"], name=attributes["Name"], labels=attributes["Config"]["Labels"]
    )
    found = the_one(runtime)
    assert (found.status, found.ended) == (Status.FAILED, True)
    assert "never started" in found.message
    assert runtime.create(deploy()) != leftover["Id"]
    assert the_one(runtime).status == Status.RUNNING


def test_agents_on_one_engine_do_not_meet(runtime: DockerRuntime, node_id: str, tmp_path: Path) -> None:
    mine = runtime.create(deploy())
    other = DockerRuntime.connect(f"{node_id}-other", tmp_path / "other")
    try:
        theirs = other.create(deploy())
        assert the_one(runtime).container_id == mine
        assert the_one(other).container_id == theirs
        with pytest.raises(RuntimeFailure, match="is left alone"):
            other.stop(mine)
        other.stop(theirs)
        assert the_one(runtime).container_id == mine
    finally:
        for one in other.list():
            other.stop(one.container_id)
        other.close()


def test_a_stranger_with_our_name_is_left_alone(
    runtime: DockerRuntime, client: docker.DockerClient, node_id: str
) -> None:
    stranger = client.containers.create("reconciler-test/busybox:1", name=f"shop.web.0.{node_id}")
    try:
        with pytest.raises(RuntimeFailure, match="did not make is in the way"):
            runtime.create(deploy())
        with pytest.raises(RuntimeFailure, match="is left alone"):
            runtime.stop(stranger.id)
        stranger.reload()
        assert runtime.list() == []
    finally:
        stranger.remove()


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (deploy(command=("no-such-program",)), "the image has no program 'no-such-program'"),
        (deploy(image_name="reconciler-test/none:1"), "the image reconciler-test/none:1 is not on the node"),
        (deploy(user="nobody-here"), "the image has no user nobody-here"),
        (deploy(runtime="no-such-runtime"), "the Engine has no runtime no-such-runtime"),
        (deploy(devices=(Device(source="/dev/nothing", target="/dev/x"),)), "the node has no device /dev/nothing"),
        (
            deploy(volumes=(Mount(type="bind", source="/etc/hostname", target="/bin"),)),
            "of /etc/hostname on the node and /bin in the image one is a file and the other a directory; see volumes",
        ),
        (deploy(resource_requirements=Resources(gpu=True)), "install the NVIDIA Container Toolkit"),
    ],
)
def test_what_cannot_start_says_why_and_leaves_nothing(runtime: DockerRuntime, wanted: Deploy, reason: str) -> None:
    with pytest.raises(RuntimeFailure, match="cannot create shop/web/0") as failure:
        runtime.create(wanted)
    assert reason in str(failure.value)
    assert runtime.list() == []


def test_a_taken_port_is_named(runtime: DockerRuntime, client: docker.DockerClient) -> None:
    container_id = runtime.create(deploy("first", ports=(Port(target=8080, host_ip="127.0.0.1"),)))
    bound = client.api.inspect_container(container_id)["NetworkSettings"]["Ports"]["8080/tcp"][0]["HostPort"]
    with pytest.raises(RuntimeFailure, match=f"host port 127.0.0.1:{bound} is already taken by another container"):
        runtime.create(deploy(ports=(Port(target=8080, published=int(bound), host_ip="127.0.0.1"),)))
    assert the_one(runtime).container_id == container_id


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


def test_what_happens_behind_our_back_is_heard(runtime: DockerRuntime, client: docker.DockerClient) -> None:
    heard = threading.Event()
    runtime.watch(heard.set)
    assert heard.wait(10), "connecting counts as a change"
    container_id = runtime.create(deploy())
    wait_until(lambda: the_one(runtime).status == Status.RUNNING, what="running")
    before = the_one(runtime).started_at
    heard.clear()
    client.api.restart(container_id, timeout=0)
    assert heard.wait(10)
    wait_until(lambda: the_one(runtime).started_at != before, what="the new start")
    heard.clear()
    client.api.remove_container(container_id, force=True)
    assert heard.wait(10)
    wait_until(lambda: runtime.list() == [], what="the removal")


def test_usage_is_measured(runtime: DockerRuntime) -> None:
    busy = runtime.create(deploy("busy", command=("sh", "-c", "while true; do true; done"), init=True))
    idle = runtime.create(deploy("idle"))
    runtime.stats([busy, idle])
    usage = wait_until(
        lambda: next(
            (all_of for all_of in [runtime.stats([busy, idle, "gone"])] if all_of[busy].cpu_percent > 5), None
        ),
        what="CPU use",
    )
    assert set(usage) == {busy, idle}
    assert usage[busy].memory_mb > 0
    assert usage[idle].cpu_percent < usage[busy].cpu_percent


def test_no_engine_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(RuntimeFailure, match="no Docker Engine answers on this node"):
        DockerRuntime.connect("node", tmp_path)

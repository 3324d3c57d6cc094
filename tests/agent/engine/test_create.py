"""Containers as they are asked for: made on the real Engine, in the place of older ones, or not at all and said why."""

import urllib.request
from pathlib import Path

import docker
import pytest

from agent.engine.runtime import DockerRuntime
from agent.runtime.contract import RuntimeFailure
from reconciler.manifest.model import ConfigFile, Device, Mount, Port, Resources
from reconciler.wire.messages import Deploy, Status
from tests.agent.engine.fixtures import client, node_id, runtime  # noqa: F401 - fixtures
from tests.agent.engine.parts import deploy, output, the_one
from tests.support.images import WEB
from tests.support.waiting import wait_until

# ruff: noqa: F811 - the fixtures' names
pytestmark = pytest.mark.docker


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

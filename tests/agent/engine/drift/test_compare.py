"""What the Engine makes of every option is no drift, and what somebody changes is, by field."""

from contextlib import suppress
from typing import Any

import docker
import pytest
from docker.errors import APIError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.engine.body import container_body
from agent.engine.drift.compare import APPLIED, drift_of
from agent.engine.drift.recorder import Recorder
from agent.engine.labels import NODE, labels_of
from reconciler.manifest.model import Healthcheck, HttpProbe, Logging, Mount, Port, Ulimit
from tests.agent.engine.fixtures import client, node_id  # noqa: F401 - fixtures
from tests.agent.engine.parts import deploy
from tests.support.images import BUSYBOX, RootFilesystem, import_image, present

# ruff: noqa: F811 - the fixtures' names
pytestmark = pytest.mark.docker

RICH = "reconciler-test/rich:1"
SECRET = "hunter2-of-the-drift"


@pytest.fixture(scope="session")
def rich(client: docker.DockerClient) -> str:
    """An image that says something of everything an image can say."""
    if present(client, RICH):
        return RICH
    root = RootFilesystem()
    root.busybox()
    return import_image(
        client,
        RICH,
        root.finished(),
        [
            "ENV PATH=/bin FROM_IMAGE=1 EMPTY=",
            'ENTRYPOINT ["sh", "-c"]',
            'CMD ["sleep 1000"]',
            "EXPOSE 8080 53/udp",
            "VOLUME /var/data",
            "USER nobody",
            "WORKDIR /tmp",
            "LABEL from=image",
            "HEALTHCHECK --interval=7s CMD true",
        ],
    )


@pytest.fixture
def network(client: docker.DockerClient, node_id: str) -> str:
    """A network, named as the node id."""
    client.api.create_network(node_id, labels={NODE: node_id})
    return node_id


def some(**values: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Any of these options, each with one of its values, or none."""
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(options) for name, options in values.items()})


OPTIONS = some(
    command=[("sleep", "100"), ("sleep 100",), ()],
    entrypoint=[(), ("sh",)],
    environment_variables=[{}, {"A": "1", "FROM_IMAGE": "mine"}, {"DB_PASSWORD": SECRET, "LONG": "x" * 3000, "E": ""}],
    working_dir=["/", "/tmp/", "/new//place"],
    user=["0", "0:0", "nobody", "65534:65534"],
    hostname=["box", "box.example.com"],
    ports=[(Port(target=80),), (Port(target=53, protocol="udp"), Port(target=80, host_ip="127.0.0.1"))],
    volumes=[
        (Mount(type="bind", source="/tmp/", target="/host/", read_only=True),),
        (Mount(type="volume", target="/var/data"), Mount(type="volume", target="/cache/")),
        (Mount(type="tmpfs", target="/var/data", size=65536), Mount(type="tmpfs", target="/t", read_only=True)),
    ],
    tmpfs=[("/run",), ("/run:size=1m,mode=700", "/scratch")],
    network_mode=["none", "bridge", "host"],
    healthcheck=[
        Healthcheck(test=("CMD", "true")),
        Healthcheck(test=("CMD-SHELL", "true"), interval=1.5, timeout=2, retries=7, start_period=3),
        Healthcheck(test=("NONE",)),
        Healthcheck(http=HttpProbe(port=80)),
    ],
    restart=["no", "always", "on-failure", "on-failure:3", "unless-stopped"],
    stop_signal=["SIGTERM", "term", "15", "USR1"],
    stop_grace_period=[0.0, 10.0, 33.5],
    init=[True],
    read_only=[True],
    shm_size=[1 << 20],
    ulimits=[{"nofile": Ulimit(soft=100, hard=200), "nproc": Ulimit(soft=-1, hard=-1)}],
    cap_add=[("CHOWN",), ("cap_chown", "SETUID"), ("ALL",)],
    cap_drop=[("ALL",), ("mknod", "NET_RAW")],
    security_opt=[("no-new-privileges:true",), ("seccomp=unconfined",)],
    privileged=[True],
    dns=[("10.0.0.1", "9.9.9.9")],
    extra_hosts=[("db:10.0.0.5", "api:10.0.0.4")],
    sysctls=[{"net.ipv4.ip_unprivileged_port_start": "0"}],
    pids_limit=[100, -1, 0],
    logging=[Logging(driver="json-file", options={"max-size": "1m"}), Logging(driver="none"), Logging()],
    labels=[{"tier": "web", "from": "spec"}, {"api_token": SECRET}],
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(options=OPTIONS, image=st.sampled_from([BUSYBOX, RICH]))
def test_what_the_engine_makes_of_any_options_is_no_drift(
    client: docker.DockerClient, network: str, rich: str, options: dict[str, Any], image: str
) -> None:
    if options.get("network_mode") in ("none", "host"):
        options = {name: value for name, value in options.items() if name not in ("ports", "hostname", "sysctls")}
    if options.get("entrypoint") == ():
        options = {"command": ("sleep", "9")} | options if options.get("command") else options | {"command": ("id",)}
    if "network_mode" in options:
        options = options | {"networks": ()}
    wanted = deploy(image_name=image, **({"networks": (network,)} | options))
    body = container_body(wanted, image, labels_of(wanted, network), client.api._version, "json-file")
    container_id = Recorder(client.api).create(body, network, wanted)
    try:
        assert drift_of(client.api.inspect_container(container_id)) == ()
        with suppress(APIError):  # not everything that can be asked for can run here
            client.api.start(container_id)
        inspected = client.api.inspect_container(container_id)
        assert drift_of(inspected) == ()
        record = inspected["Config"]["Labels"][APPLIED]
        assert "besides" not in record, "this Engine's own ways are known"
        assert SECRET not in record
    finally:
        client.api.remove_container(container_id, force=True, v=True)

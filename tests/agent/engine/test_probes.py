"""Following containers' probes: who is asked, what counts before the first answer, and by how many threads."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from agent.engine.probes import THREADS_MAX, Prober, Target, address_of, target_of
from reconciler.manifest.model import Healthcheck, TcpProbe
from reconciler.wire.messages import Status
from tests.support.processes import free_port
from tests.support.waiting import wait_until

HOST = "127.0.0.1"


@pytest.fixture
def heard() -> threading.Event:
    return threading.Event()


@pytest.fixture
def prober(heard: threading.Event) -> Iterator[Prober]:
    with closing(Prober(heard.set)) as made:
        yield made


def target(port: int, age: float = 0.0, name: str = "c", **fields: float) -> Target:
    check = Healthcheck(tcp=TcpProbe(port=port), **{"interval": 0.05, "timeout": 5, "retries": 3, **fields})
    return Target(name, check, HOST, time.time() - age)


def test_a_young_one_starts_until_it_answers(prober: Prober, heard: threading.Event) -> None:
    port = free_port()
    young = target(port, start_period=600)
    prober.follow([young])
    assert prober.verdict("c") == (Status.STARTING, f"waiting for its healthcheck: connection refused on port {port}")
    with socket.create_server((HOST, port)):
        heard.clear()
        wait_until(lambda: prober.verdict("c") == (Status.RUNNING, ""), what="the first success")
        assert heard.wait(10)


def test_the_first_listing_waits_for_young_ones_that_may_be_well(prober: Prober) -> None:
    with socket.create_server((HOST, 0)) as listener:
        prober.follow([target(listener.getsockname()[1], age=5, start_period=600)])
        assert prober.verdict("c") == (Status.RUNNING, "")


def test_what_has_run_for_long_is_trusted_until_its_probes_say_otherwise(prober: Prober) -> None:
    port = free_port()
    patient, prompt = target(port, 3600, "patient", interval=600), target(port, 3600, "prompt")
    prober.follow([patient, prompt])
    assert prober.verdict("patient") == (Status.RUNNING, "")
    wait_until(
        lambda: prober.verdict("prompt") == (Status.FAILED, f"unhealthy: connection refused on port {port}"),
        what="enough failures",
    )
    assert prober.verdict("patient") == (Status.RUNNING, "")


def test_a_new_start_begins_anew(prober: Prober) -> None:
    port = free_port()
    prober.follow([target(port, 3600, interval=600)])
    assert prober.verdict("c") == (Status.RUNNING, "")
    prober.follow([target(port, 0, interval=600)])
    assert (prober.verdict("c") or ("",))[0] is Status.STARTING
    prober.follow([])
    assert prober.verdict("c") is None


def test_many_containers_need_few_threads(prober: Prober) -> None:
    port = free_port()
    names = [str(number) for number in range(500)]
    prober.follow([target(port, name=name, start_period=600) for name in names])
    wait_until(lambda: all("refused" in (prober.verdict(name) or ("", ""))[1] for name in names), what="all answers")
    assert sum(thread.name.startswith("probe") for thread in threading.enumerate()) <= THREADS_MAX + 1


def listed(mode: str = "default", labels: dict[str, str] | None = None, **addresses: str) -> dict[str, object]:
    networks = {name: {"IPAddress": address} for name, address in addresses.items()}
    return {
        "Id": "c1",
        "State": "running",
        "Labels": labels or {},
        "HostConfig": {"NetworkMode": mode},
        "NetworkSettings": {"Networks": networks},
    }


def test_a_container_is_asked_at_its_own_address() -> None:
    assert address_of(listed(bridge="172.17.0.2")) == "172.17.0.2"
    assert address_of(listed("front", front="", back="10.0.0.2")) == "10.0.0.2"
    assert address_of(listed("host", host="")) == "127.0.0.1"
    assert address_of(listed("none", none="")) == ""


def test_only_what_runs_and_has_a_probe_is_asked() -> None:
    labels = {"reconciler.probe": '{"tcp":{"port":80}}'}
    found = target_of(listed(labels=labels, bridge="172.17.0.2"), 12.0)
    assert found is not None
    assert (found.container_id, found.host, found.started_at) == ("c1", "172.17.0.2", 12.0)
    assert found.check.tcp == TcpProbe(port=80)
    assert target_of(listed(bridge="172.17.0.2"), 12.0) is None
    assert target_of(listed(labels=labels) | {"State": "paused"}, 12.0) is None

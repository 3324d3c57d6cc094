"""Names and labels keep instances apart, and say all that is needed to find them again."""

import re

from agent.engine.labels import (
    container_name,
    grace_in,
    key_of,
    labels_of,
    pre_stop_in,
    probe_in,
    reservation_in,
    version_in,
)
from reconciler.manifest.model import Healthcheck, HttpProbe, Mount, Port, Resources
from reconciler.wire.messages import InstanceKey, Reservation
from tests.agent.engine.parts import deploy


def test_a_plain_name_is_readable() -> None:
    assert container_name(InstanceKey("shop", "web", 2), "node-1") == "shop.web.2.node-1"


def test_names_never_meet() -> None:
    keys = [
        InstanceKey("a.b", "c"),
        InstanceKey("a", "b.c"),
        InstanceKey("a_b", "c"),
        InstanceKey("a b", "c"),
        InstanceKey("商店", "网"),
        InstanceKey("书店", "网"),
        InstanceKey("x" * 300, "y"),
        InstanceKey("x" * 301, "y"),
    ]
    names = {container_name(key, "n") for key in keys}
    assert len(names) == len(keys)
    assert all(re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", name) and len(name) < 200 for name in names)


def test_labels_give_back_what_was_deployed() -> None:
    wanted = deploy(
        version=7,
        resource_requirements=Resources(cpu_cores=0.5, memory_mb=64),
        ports=(Port(target=80, published=8080),),
        volumes=(Mount(type="volume", source="data", target="/data"),),
        stop_grace_period=2.5,
        pre_stop=("nginx", "-s", "quit"),
        healthcheck=Healthcheck(http=HttpProbe(port=80, path="/up"), interval=2.5),
        labels={"team": "a", "reconciler.node_id": "somebody-else"},
    )
    labels = labels_of(wanted, "node-1")
    assert labels["team"] == "a"
    assert labels["reconciler.node_id"] == "node-1"
    assert key_of(labels) == wanted.key
    assert version_in(labels) == 7
    assert grace_in(labels) == 3
    assert pre_stop_in(labels) == ("nginx", "-s", "quit")
    assert probe_in(labels) == wanted.component.healthcheck
    assert reservation_in(labels) == Reservation(cpu_cores=0.5, memory_mb=64, host_ports=("8080/tcp",), volumes=True)


def test_damaged_labels_are_survived() -> None:
    assert key_of({"reconciler.business_id": "shop"}) is None
    assert reservation_in({"reconciler.promise": "{"}) == Reservation()
    assert (probe_in({"reconciler.probe": "{"}), pre_stop_in({"reconciler.pre_stop": "{}"})) == (None, ())
    assert (version_in({}), grace_in({"reconciler.grace": "x"})) == (0, 10)


def test_what_a_container_does_not_have_is_not_on_it() -> None:
    labels = labels_of(deploy(healthcheck=Healthcheck(test=("CMD", "true"))), "node-1")
    assert (probe_in(labels), pre_stop_in(labels)) == (None, ())
    assert not {"reconciler.probe", "reconciler.pre_stop"} & labels.keys()

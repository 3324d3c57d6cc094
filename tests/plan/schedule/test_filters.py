"""Where instances may run, and the words that say why not."""

from typing import Any

import pytest

from reconciler.manifest.model import Port
from reconciler.plan.model.observed import Node
from tests.support.planning import World, business, component, node


def why(fleet: list[Node], **wants: Any) -> str:
    world = World(*fleet).wants(business("shop", component(**wants)))
    return world.pending().get("shop/web/0", "fits")


GPU_NODE = node("a", gpus=(8192, 24576))


@pytest.mark.parametrize(
    ("fleet", "wants", "reason"),
    [
        ([], {}, "no node has registered"),
        ([node("a", cpu=2)], {"cpu": 2}, "fits"),
        ([node("a", cpu=2)], {"cpu": 2.001}, "1 node: CPU: needs 2.001 cores, at most 2 free"),
        ([node("a", memory=512)], {"memory": 512}, "fits"),
        (
            [node("a", memory=512), node("b", memory=600)],
            {"memory": 700},
            "2 nodes: memory: needs 700 MB, at most 600 free",
        ),
        ([node("a")], {"gpus": 1}, "1 node: GPU: needs 1, has none"),
        ([GPU_NODE], {"gpus": 2}, "fits"),
        ([GPU_NODE], {"gpus": 3}, "1 node: GPU: needs 3, at most 2 free"),
        ([GPU_NODE], {"gpus": 1, "gpu_memory": 24576}, "fits"),
        ([GPU_NODE], {"gpus": 2, "gpu_memory": 9000}, "1 node: GPU: needs 2 with 9000 MB, at most 1 free"),
        ([node("a")], {"require_gpu": True}, "1 node: GPU: required, has none"),
        ([GPU_NODE], {"require_gpu": True}, "fits"),
        ([node("a")], {"node_labels": {"zone": "us-east"}}, "1 node: label zone=us-east missing"),
        (
            [node("a", labels={"zone": "eu"})],
            {"node_labels": {"zone": "us-east"}},
            "1 node: label zone=us-east wanted, has zone=eu",
        ),
        ([node("a", labels={"zone": "eu"})], {"node_labels": {"zone": "eu"}}, "fits"),
        ([node("a")], {"node_id": "b"}, "1 node: node_id: is not b"),
        ([node("b")], {"node_id": "b"}, "fits"),
        ([node("a")], {"type": "process"}, "1 node: runtime: has no process"),
        ([node("a", runtimes=("docker", "process"))], {"type": "process"}, "fits"),
        ([node("a")], {"spread_by": "zone"}, "1 node: spread_by: label zone missing"),
        (
            [node("a", disk_free_mb=1999), node("b", images={"web:1": 1000}, cordoned=True)],
            {},
            "1 node: cordoned; 1 node: disk: needs 2000 MB to unpack the 1000 MB of web:1, at most 1999 free",
        ),
        ([node("a", disk_free_mb=2000), node("b", images={"web:1": 1000}, cordoned=True)], {}, "fits"),
        ([node("a"), node("b", images={"web:1": 1000}, cordoned=True)], {}, "fits"),
        ([node("a", disk_free_mb=0)], {}, "fits"),
        ([node("a", disk_free_mb=0, images={"web:1": 1000})], {}, "fits"),
        (
            [node("a", disk_free_mb=0), node("b", images={"web:1": 1000}, cordoned=True)],
            {"image_name": "docker.io/library/web:1"},
            "1 node: cordoned; 1 node: disk: needs 2000 MB to unpack the 1000 MB of web:1, at most 0 free",
        ),
        ([node("a", cordoned=True)], {}, "1 node: cordoned"),
        ([node("a", silent=14.9)], {}, "fits"),
        ([node("a", silent=15)], {}, "1 node: suspect: has not reported lately"),
        ([node("a", silent=60)], {}, "1 node: lost: has not reported lately"),
    ],
)
def test_a_node_takes_what_it_has_room_for_or_says_why_not(
    fleet: list[Node], wants: dict[str, Any], reason: str
) -> None:
    assert why(fleet, **wants) == reason


def test_a_taken_host_port_is_named() -> None:
    world = World(node("a")).wants(business("first", component(ports=(80, 443)))).settles()
    world.wants(business("second", component(ports=(443, 8080))))
    assert world.pending() == {"second/web/0": "1 node: host port 443/tcp is taken"}


def at(address: str) -> Port:
    return Port(target=80, published=8080, host_ip=address)


def test_one_host_port_is_given_once_for_each_address_or_once_for_all() -> None:
    world = World(node("a")).wants(business("first", component(ports=[at("127.0.0.1")]))).settles()
    world.wants(business("second", component(ports=[at("10.0.0.1")]))).settles()
    world.wants(business("third", component(ports=[at("127.0.0.1")])), business("fourth", component(ports=[at("::")])))
    assert world.pending() == {
        "third/web/0": "1 node: host port 127.0.0.1:8080/tcp is taken",
        "fourth/web/0": "1 node: host port 8080/tcp is taken",
    }
    world = World(node("a")).wants(business("first", component(ports=[at("0.0.0.0")]))).settles()
    world.wants(business("second", component(ports=[at("10.0.0.1")])))
    assert world.pending() == {"second/web/0": "1 node: host port 10.0.0.1:8080/tcp is taken"}


def test_who_takes_an_address_of_a_port_waits_for_whom_it_takes_it_from() -> None:
    world = World(node("a")).wants(business("first", component(ports=[at("")]))).settles()
    del world.desired.businesses["first"]
    world.wants(business("second", component(ports=[at("10.0.0.1")])))
    stop, create = world.plan().actions
    assert create.waits_for == (stop.key,)


def test_components_apart_name_each_other_whichever_says_so() -> None:
    world = World(node("a")).wants(business("shop", component("db"))).settles()
    world.wants(business("shop", component("db"), component("web", anti_affinity=("db",))))
    assert world.pending() == {"shop/web/0": "1 node: anti-affinity: runs db"}
    world = World(node("a")).wants(business("shop", component("web", anti_affinity=("db",)))).settles()
    world.wants(business("shop", component("web", anti_affinity=("db",)), component("db")))
    assert world.pending() == {"shop/db/0": "1 node: anti-affinity: runs web"}


def test_every_node_is_counted_once_and_resources_come_before_constraints() -> None:
    """The text a person gets when nothing fits: grouped by reason, each with what was needed and what there is."""
    small = [node(f"small-{number}", memory=2048) for number in range(3)]
    elsewhere = [node(f"big-{number}", memory=8192) for number in range(2)]
    closed = [node("closed", cordoned=True)]
    assert why([*small, *elsewhere, *closed], memory=4096, node_labels={"zone": "us-east"}) == (
        "1 node: cordoned; 3 nodes: memory: needs 4096 MB, at most 2048 free; 2 nodes: label zone=us-east missing"
    )


def test_reasons_of_one_filter_come_with_the_commonest_first() -> None:
    fleet = [node("a", cordoned=True), node("b", silent=30), node("c", silent=30)]
    assert why(fleet) == "2 nodes: suspect: has not reported lately; 1 node: cordoned"


def test_a_node_that_promised_more_than_it_now_has_offers_nothing() -> None:
    world = World(node("a", memory=1024)).wants(business("shop", component("db", memory=1024))).settles()
    world.node("a", memory_mb=512)
    world.wants(business("blog", component(memory=1)))
    assert world.pending() == {"blog/web/0": "1 node: memory: needs 1 MB, at most 0 free"}


def test_a_report_of_absurd_numbers_disturbs_no_plan() -> None:
    """One broken agent must not keep the rest of the fleet from being planned."""
    world = World(node("absurd", cpu=1e300, memory=2**63), node("negative", cpu=-1, memory=-5), node("sane"))
    world.wants(business("shop", component(cpu=1, memory=64, replicas=3))).settles()
    assert len(world.running()) == 3

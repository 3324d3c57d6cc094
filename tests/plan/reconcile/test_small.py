"""Liveness by silence, the plan's hash, and what a carried-out plan leads to."""

import pytest

from reconciler.plan.model.observed import NodeHealth
from reconciler.plan.model.obstacles import NodeCordoned
from reconciler.plan.model.plan import Refusal
from reconciler.plan.model.policy import Policy
from reconciler.plan.schedule.node_health import node_health
from reconciler.plan.show.document import document
from reconciler.wire.messages import Status
from tests.support.planning import NOW, World, business, component, node


@pytest.mark.parametrize(
    ("silent", "state"),
    [
        (-5, NodeHealth.READY),
        (0, NodeHealth.READY),
        (9.9, NodeHealth.READY),
        (10, NodeHealth.SUSPECT),
        (29.9, NodeHealth.SUSPECT),
        (30, NodeHealth.LOST),
        (1e9, NodeHealth.LOST),
    ],
)
def test_a_silent_node_is_suspect_and_then_lost(silent: float, state: NodeHealth) -> None:
    assert node_health(node("a", silent=silent), Policy(suspect_after=10, lost_after=30), NOW) is state


def test_plans_that_do_the_same_have_one_hash_and_others_another() -> None:
    def shop(image: str) -> str:
        world = World(node("a")).wants(business("shop", component(image_name=image)))
        return document(world.plan(), world.desired).hash

    assert shop("web:1") == shop("web:1")
    assert shop("web:1") != shop("web:2")
    assert len(shop("web:1")) == 64


def test_the_hash_covers_what_waits() -> None:
    fits, waits = World(), World(node("a", cordoned=True))
    for world in (fits, waits):
        world.wants(business("shop", component()))
    assert document(fits.plan(), fits.desired).hash != document(waits.plan(), waits.desired).hash


def test_a_carried_out_plan_runs_what_it_promised() -> None:
    world = World(node("a", gpus=(1,))).wants(business("lab", component(gpus=1, cpu=2, ports=(80,)))).settles()
    (allocation,) = world.observed.allocations
    assert (allocation.status, allocation.confirmed, allocation.node_id) == (Status.RUNNING, True, "a")
    assert (
        allocation.reservation.cpu_cores,
        allocation.reservation.gpu_devices,
        allocation.reservation.host_ports,
    ) == (2, (0,), ("80/tcp",))


def test_refusals_count_nodes_in_words() -> None:
    assert str(Refusal(1, NodeCordoned())) == "1 node: cordoned"
    assert str(Refusal(2, NodeCordoned())) == "2 nodes: cordoned"

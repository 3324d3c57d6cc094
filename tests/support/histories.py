"""Generated stories: a world after any number of deploys, stops, node losses and failures, for properties."""

from dataclasses import replace

import msgspec
from hypothesis import strategies as st

from reconciler.manifest.model import Business, Component, Dependency, Update
from reconciler.plan.model.observed import Node
from reconciler.wire.messages import Status
from tests.support.planning import World, business, component, node

NODES = [f"n{number}" for number in range(5)]
BUSINESSES = ["b0", "b1", "b2"]
COMPONENTS = ["c0", "c1", "c2"]
ZONES = ["east", "west"]


@st.composite
def nodes(draw: st.DrawFn) -> Node:
    """A small node, so that room is scarce; most answer and are open."""
    return node(
        draw(st.sampled_from(NODES)),
        cpu=draw(st.sampled_from([0, 1, 2, 4])),
        memory=draw(st.sampled_from([0, 512, 1024, 2048])),
        gpus=draw(st.lists(st.sampled_from([8192, 16384]), max_size=2)),
        silent=draw(st.sampled_from([0, 0, 0, 0, 20, 61])),
        labels=draw(st.dictionaries(st.just("zone"), st.sampled_from(ZONES), max_size=1)),
        cordoned=draw(st.sampled_from([False, False, False, True])),
        runtimes=draw(st.sampled_from([("docker",), ("docker", "process"), ()])),
        cpu_percent=draw(st.sampled_from([0.0, 50.0, 100.0])),
        images=draw(st.dictionaries(st.sampled_from(["app:1", "app:2"]), st.sampled_from([0, 100, 900]), max_size=2)),
        disk_free_mb=draw(st.sampled_from([None, None, 150, 2000])),
    )


@st.composite
def components(draw: st.DrawFn, name: str) -> Component:
    """A component; all its fields matter to the planner."""
    return component(
        name,
        cpu=draw(st.sampled_from([0, 0, 0.5, 1, 2])),
        memory=draw(st.sampled_from([0, 0, 256, 512, 1024])),
        gpus=draw(st.sampled_from([0, 0, 0, 1, 2])),
        gpu_memory=draw(st.sampled_from([0, 16384])),
        ports=draw(st.sets(st.sampled_from([80, 81, 82]), max_size=2)),
        data=draw(st.sampled_from([False, False, False, True])),
        **draw(st.sampled_from([{"replicas": count} for count in range(4)] + [{"mode": "global"}])),
        update=Update(order=draw(st.sampled_from(["stop-first", "stop-first", "start-first"]))),
        restart=draw(st.sampled_from(["always", "no"])),
        image_name=draw(st.sampled_from(["app:1", "app:2"])),
        require_gpu=draw(st.sampled_from([False, False, False, True])),
        node_labels=draw(st.sampled_from([{}, {}, {"zone": "east"}])),
        node_id=draw(st.sampled_from([None, None, None, "n0"])),
        spread_by=draw(st.sampled_from([None, None, "zone"])),
        anti_affinity=tuple(draw(st.sets(st.sampled_from(COMPONENTS), max_size=1))),
    )


@st.composite
def businesses(draw: st.DrawFn) -> Business:
    """A business of a few components."""
    names = sorted(draw(st.sets(st.sampled_from(COMPONENTS), min_size=1)))
    parts = []
    for number, name in enumerate(names):
        earlier = draw(st.sets(st.sampled_from(names[:number]), max_size=1)) if number else set()
        condition = draw(st.sampled_from(["service_started", "service_healthy"]))
        order = {before: Dependency(condition=condition) for before in earlier}
        parts.append(msgspec.structs.replace(draw(components(name)), depends_on=order))
    name = draw(st.sampled_from(BUSINESSES))
    earlier = [other for other in BUSINESSES if other < name]
    after = tuple(sorted(draw(st.sets(st.sampled_from(earlier), max_size=1)))) if earlier else ()
    return msgspec.structs.replace(business(name, *parts), depends_on_businesses=after)


STEPS = (
    "deploy",
    "node",
    "carry out",
    "carry out",
    "stop",
    "restart",
    "remove",
    "pause",
    "copy",
    "duplicate",
    "silence",
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world after a story of up to ten steps."""
    world = World(*draw(st.lists(nodes(), max_size=5)))
    world.wants(*draw(st.lists(businesses(), min_size=1, max_size=3)))
    world.carries_out()
    for step in draw(st.lists(st.sampled_from(STEPS), max_size=10)):
        _step(draw, world, step)
    return world


def _step(draw: st.DrawFn, world: World, step: str) -> None:
    """Let one thing happen, if there is anything it can happen to."""
    if step == "deploy":
        world.wants(draw(businesses()))
    elif step == "node":
        world.has(draw(nodes()))
    elif step == "carry out":
        world.carries_out()
    elif step in ("stop", "restart", "remove", "pause") and world.desired.businesses:
        business_id = draw(st.sampled_from(sorted(world.desired.businesses)))
        verbs = {"stop": world.stops, "restart": world.restarts, "remove": world.removes, "pause": world.pauses}
        verbs[step](business_id)
    elif step == "silence" and world.observed.nodes:
        node_id = draw(st.sampled_from(sorted(world.observed.nodes)))
        world.node(node_id, silent=draw(st.sampled_from([0, 20, 61])))
    elif step in ("copy", "duplicate") and world.observed.allocations:
        _copy(draw, world, step)


def _copy(draw: st.DrawFn, world: World, step: str) -> None:
    """A copy fails, ends, is only assigned, runs what nobody knows, or turns up on a second node."""
    allocations = list(world.observed.allocations)
    index = draw(st.integers(0, len(allocations) - 1))
    allocation = allocations[index]
    if step == "copy":
        changed = [
            replace(allocation, confirmed=False, container_id=None, status=Status.PENDING),
            replace(allocation, status=Status.FAILED, ended=True),
            replace(allocation, status=Status.FAILED, ended=True, container_id=None),
            replace(allocation, digest="of a version nobody kept"),
        ]
        allocations[index] = draw(st.sampled_from(changed))
    else:
        taken = {other.node_id for other in allocations if other.key == allocation.key}
        free = [node_id for node_id in [*world.observed.nodes, "unknown"] if node_id not in taken]
        if free:
            allocations.append(
                replace(allocation, node_id=draw(st.sampled_from(free)), version=draw(st.integers(0, 99)))
            )
    world.observed = replace(world.observed, allocations=tuple(allocations))

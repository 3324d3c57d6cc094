"""Generated stories: a world after any number of deploys, stops, node losses and failures, for properties."""

import itertools
from dataclasses import replace
from typing import Any, Literal

import msgspec
from hypothesis import strategies as st

from reconciler.manifest.model import Business, Component, Dependency, Update
from reconciler.wire.messages import Status
from tests.support.planning import World, business, component, node

NODES = [f"n{number}" for number in range(5)]
BUSINESSES = ["b0", "b1", "b2"]
COMPONENTS = ["c0", "c1", "c2"]
ZONES = ["east", "west"]


_node = st.builds(
    node,
    st.sampled_from(NODES),
    cpu=st.sampled_from((0, 1, 2, 4)),
    memory=st.sampled_from((0, 512, 1024, 2048)),
    gpus=st.lists(st.sampled_from((8192, 16384)), max_size=2),
    silent=st.sampled_from((0, 0, 0, 0, 20, 61)),
    labels=st.sampled_from(({}, {}, *({"zone": zone} for zone in ZONES))),
    cordoned=st.sampled_from((False, False, False, True)),
    runtimes=st.sampled_from((("docker",), ("docker",), ("docker", "process"), ("docker", "process"), ())),
    cpu_percent=st.sampled_from((0.0, 50.0, 100.0)),
    images=st.sampled_from(({}, {"app:1": 0}, {"app:1": 900}, {"app:2": 100}, {"app:1": 100, "app:2": 900})),
    disk_free_mb=st.sampled_from((None, None, 150, 2000)),
)
"""A small node, so that room is scarce; most answer and are open.

What is drawn often is made once, here: Hypothesis checks a new strategy anew, which takes longer than planning does.
"""


def _sized(name: str, size: int | Literal["global"], **fields: Any) -> Component:
    """A component of so many replicas, or one for each node."""
    return component(name, **({"mode": "global"} if size == "global" else {"replicas": size}), **fields)


_component = {
    name: st.builds(
        _sized,
        st.just(name),
        cpu=st.sampled_from((0, 0, 0.5, 1, 2)),
        memory=st.sampled_from((0, 0, 256, 512, 1024)),
        gpus=st.sampled_from((0, 0, 0, 1, 2)),
        gpu_memory=st.sampled_from((0, 16384)),
        ports=st.sampled_from(((), (), (80,), (81,), (82,), (80, 81), (81, 82))),
        data=st.sampled_from((False, False, False, True)),
        size=st.sampled_from((0, 1, 2, 3, "global")),
        update=st.sampled_from([Update(order=order) for order in ("stop-first", "stop-first", "start-first")]),
        restart=st.sampled_from(("always", "no")),
        image_name=st.sampled_from(("app:1", "app:2")),
        require_gpu=st.sampled_from((False, False, False, True)),
        node_labels=st.sampled_from(({}, {}, {"zone": "east"})),
        node_id=st.sampled_from((None, None, None, "n0")),
        spread_by=st.sampled_from((None, None, "zone")),
        anti_affinity=st.sampled_from(((), *((other,) for other in COMPONENTS))),
    )
    for name in COMPONENTS
}
"""A component of each name; all its fields matter to the planner."""

_orders = {
    count: st.sampled_from(
        [{}]
        + [
            {before: Dependency(condition=condition)}
            for before in range(count)
            for condition in ("service_started", "service_healthy")
        ]
    )
    for count in range(len(COMPONENTS))
}
"""What a component may depend on, of so many earlier ones of its business."""

_businesses = st.sampled_from(BUSINESSES)
_names = st.sampled_from(
    [names for count in range(len(COMPONENTS)) for names in itertools.combinations(COMPONENTS, count + 1)]
)
_after = {name: st.sampled_from(((), *((other,) for other in BUSINESSES if other < name))) for name in BUSINESSES}


@st.composite
def businesses(draw: st.DrawFn) -> Business:
    """A business of a few components."""
    names = draw(_names)
    parts = []
    for number, name in enumerate(names):
        order = {names[before]: how for before, how in draw(_orders[number]).items()}
        parts.append(msgspec.structs.replace(draw(_component[name]), depends_on=order))
    name = draw(_businesses)
    return msgspec.structs.replace(business(name, *parts), depends_on_businesses=draw(_after[name]))


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

_nodes = st.lists(_node, max_size=6)
_business = businesses()
_first = st.lists(_business, min_size=1, max_size=3)
_steps = st.lists(st.sampled_from(STEPS), max_size=10)
_silence = st.sampled_from((0, 20, 61))
_version = st.integers(0, 99)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world after a story of up to ten steps."""
    world = World(*draw(_nodes))
    world.wants(*draw(_first))
    world.carries_out()
    for step in draw(_steps):
        _step(draw, world, step)
    return world


def _step(draw: st.DrawFn, world: World, step: str) -> None:
    """Let one thing happen, if there is anything it can happen to."""
    if step == "deploy":
        world.wants(draw(_business))
    elif step == "node":
        world.has(draw(_node))
    elif step == "carry out":
        world.carries_out()
    elif step in ("stop", "restart", "remove", "pause") and world.desired.businesses:
        business_id = draw(st.sampled_from(sorted(world.desired.businesses)))
        verbs = {"stop": world.stops, "restart": world.restarts, "remove": world.removes, "pause": world.pauses}
        verbs[step](business_id)
    elif step == "silence" and world.observed.nodes:
        node_id = draw(st.sampled_from(sorted(world.observed.nodes)))
        world.node(node_id, silent=draw(_silence))
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
            allocations.append(replace(allocation, node_id=draw(st.sampled_from(free)), version=draw(_version)))
    world.observed = replace(world.observed, allocations=tuple(allocations))

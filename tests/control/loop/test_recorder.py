"""What happens is kept once, and what is kept is replayed with equal hashes."""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.control.loop.recorder import Recorder
from reconciler.control.view import View, documented
from reconciler.manifest.model import Business
from reconciler.plan.keep.replay import read_decided, replay
from reconciler.plan.keep.state import State
from reconciler.plan.model.policy import Policy
from reconciler.plan.show.hash import plan_hash
from reconciler.store import Store
from tests.support.deciding import small
from tests.support.effort import rounds
from tests.support.planning import NOW, World, business, component, node


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "manager.db")
    yield opened
    opened.close()


@pytest.fixture
def recorder(store: Store) -> Recorder:
    return Recorder(store)


def view(world: World, at: float = NOW) -> View:
    state = State(world.desired, world.observed, Policy(), at)
    return View(world.desired, world.observed, state.plan(), at=at, state=state)


def test_what_happens_is_kept_once_and_nothing_at_rest(store: Store, recorder: Recorder) -> None:
    world = small(1)
    recorder.follow(view(world), True)
    recorder.follow(view(world, NOW + 1), True)
    recorder.follow(view(world, NOW + 2), False)
    assert len(store.decisions.find()) == 1
    before = world.observed
    world.carries_out()
    recorder.follow(view(world, NOW + 3), True)
    assert len(store.decisions.find()) == 1, "there is nothing to do: nothing is decided"
    world.observed = before
    recorder.follow(view(world, NOW + 4), True)
    first, second = store.decisions.find()
    assert first.plan_hash == second.plan_hash, "the same plan at another time is another decision"


KEPT = rounds(100, 2000)


def some_business(chance: random.Random) -> Business:
    """A business that has any of what placement depends on."""
    parts = [
        component(
            name,
            cpu=chance.choice([0, 0.5, 1, 2]),
            memory=chance.choice([0, 256, 1024]),
            gpus=chance.choice([0, 0, 0, 1]),
            ports=chance.choice([(), (), (80,)]),
            data=chance.random() < 0.2,
            replicas=chance.randrange(4),
            image_name=f"app:{chance.randrange(1_000_000)}",
            node_labels=chance.choice([{}, {}, {"zone": "east"}]),
            spread_by=chance.choice([None, "zone"]),
        )
        for name in ("c0", "c1", "c2")[: chance.randint(1, 3)]
    ]
    return business(f"b{chance.randrange(4)}", *parts)


def move_on(world: World, chance: random.Random) -> None:
    """Let any one thing happen in a world."""
    name = chance.choice(sorted(world.observed.nodes))
    known = sorted(world.desired.businesses) or ["none"]
    step = chance.choice(
        ["carry out", "carry out", "deploy", "deploy", "silence", "cordon", "stop", "restart", "remove"]
    )
    if step == "carry out":
        world.carries_out()
    elif step == "silence":
        world.node(name, silent=chance.choice([0, 20, 61]))
    elif step == "cordon":
        world.node(name, cordoned=chance.random() < 0.5)
    elif step == "deploy" or known == ["none"]:
        world.wants(some_business(chance))
    else:
        {"stop": world.stops, "restart": world.restarts, "remove": world.removes}[step](chance.choice(known))


def live(recorder: Recorder, seed: int) -> list[str]:
    """The hashes of what is decided in a random world, told to the recorder."""
    chance = random.Random(seed)
    sizes = [(cpu, gpus) for cpu in (1, 2, 4) for gpus in ((), (8192,))]
    world = World()
    for number in range(chance.randint(1, 5)):
        cpu, gpus = chance.choice(sizes)
        world.has(node(f"n{number}", cpu, 512 * cpu, gpus=gpus, labels={"zone": chance.choice(["east", "west"])}))
    hashes = [""]
    for _ in range(20):
        move_on(world, chance)
        found = view(world)
        recorder.follow(found, True)
        decides = found.plan.actions or found.plan.pending
        hashes += [documented(found).hash] if decides and documented(found).hash != hashes[-1] else []
        hashes += [] if decides else [""]
    return [one for one in hashes if one]


@pytest.mark.slow
def test_kept_plans_are_replayed_with_equal_hashes(tmp_path: Path) -> None:
    path = tmp_path / "manager.db"
    store = Store.open(path)
    hashes: list[str] = []
    seeds = itertools.count()
    while len(set(hashes)) < KEPT:
        hashes += live(Recorder(store), next(seeds))
    store.close()

    again = Store.open(path)
    kept = again.decisions.find()
    assert [one.plan_hash for one in reversed(kept)] == hashes
    equal = 0
    for one in kept:
        state = again.decisions.state(one.id)
        assert state is not None
        made = replay(*read_decided(state))
        equal += made.equal and plan_hash(made.document) == one.plan_hash
    assert equal == len(hashes) >= KEPT
    again.close()

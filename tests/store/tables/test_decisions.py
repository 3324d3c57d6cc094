"""Kept decisions: they come back to the byte, share their parts, and are bounded."""

import itertools
import random
from pathlib import Path

import pytest
from sqlalchemy import text

from reconciler.control.ask.decisions import Decisions
from reconciler.control.errors import Conflict, UnknownPlan
from reconciler.control.loop.recorder import Recorder
from reconciler.control.view import View, documented
from reconciler.manifest.model import Business
from reconciler.plan.keep.record import record
from reconciler.plan.keep.replay import decided, read_decided, replay
from reconciler.plan.keep.state import State
from reconciler.plan.keep.state_json import to_json
from reconciler.plan.model.policy import Policy
from reconciler.plan.show.hash import plan_hash
from reconciler.store import Store, StoreError
from reconciler.store.tables import decisions as module
from tests.store.making import rows
from tests.support.effort import rounds
from tests.support.planning import NOW, World, business, component, node


def keep(store: Store, world: World, at: float = NOW) -> str:
    """Keep what is decided now; the plan's hash."""
    state = State(world.desired, world.observed, Policy(), at)
    made = decided(state.document(), "1.0")
    store.decisions.keep(made.hash, "1.0", len(made.actions), record(state, made), at)
    return made.hash


def shop(image: str = "web:1") -> World:
    return World(*(node(f"n{number}") for number in range(40))).wants(
        business("shop", component("web", image_name=image)),
        *(business(f"b{number}", component("web")) for number in range(40)),
    )


def small(number: int) -> World:
    return World(node("a")).wants(business("shop", component("web", image_name=f"web:{number}")))


def parts(path: Path) -> int:
    return int(rows(path, "SELECT count(*) FROM decision_parts")[0][0])


def test_a_decision_survives_the_store_to_the_byte(store: Store, path: Path) -> None:
    world = shop()
    found = keep(store, world)
    state = State(world.desired, world.observed, Policy(), NOW)
    written = to_json(state, decided(state.document(), "1.0"))
    assert store.decisions.state(store.decisions.find()[0].id) == written
    store.close()
    again = Store.open(path)
    (kept,) = again.decisions.find(found[:12])
    assert (kept.plan_hash, kept.at, kept.version, kept.actions) == (found, NOW, "1.0", 41)
    assert again.decisions.state(kept.id) == written
    again.close()


def test_a_second_decision_adds_only_what_differs_also_after_a_restart(store: Store, path: Path) -> None:
    keep(store, shop())
    first = parts(path)
    store.close()
    store = Store.open(path)
    keep(store, shop("web:2"))
    assert 0 < parts(path) - first <= 3
    keep(store, shop())
    assert [store.decisions.state(one.id) is not None for one in store.decisions.find()] == [True] * 3
    store.close()


@pytest.mark.parametrize("limit", ["DECISIONS_MAX", "DECISIONS_SECONDS_MAX", "DECISIONS_BYTES_MAX"])
def test_the_oldest_go_and_take_the_parts_that_are_only_theirs(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    hashes = [keep(store, small(number), NOW + number) for number in range(10)]
    hashes += [keep(store, small(0), NOW + 10)]  # shares parts with the first, which goes
    size = rows(path, "SELECT sum(size) FROM decision_parts")[0][0]
    store.housekeeping(NOW + 11)
    assert len(store.decisions.find()) == 11, "all fit"
    monkeypatch.setattr(
        module, limit, {"DECISIONS_MAX": 3, "DECISIONS_SECONDS_MAX": 3.0, "DECISIONS_BYTES_MAX": size // 3}[limit]
    )
    before = parts(path)
    store.housekeeping(NOW + 11)
    kept = store.decisions.find()
    assert 1 <= len(kept) <= 4 and kept[0].plan_hash == hashes[-1]
    assert parts(path) < before
    for one in kept:
        state = store.decisions.state(one.id)
        assert state is not None and replay(*read_decided(state)).equal
    used = {one for kept_one in kept for one in _digests(store, kept_one.id)}
    assert parts(path) == len(used), "no part is kept that no decision has"


def _digests(store: Store, decision_id: int) -> set[str]:
    found = rows(store._database.path, f"SELECT manifest FROM decisions WHERE id = {decision_id}")[0][0]
    with store.transaction() as work:
        return {found, *store.decisions._manifest(work, found).digests()}


def test_the_newest_stays_however_old_and_large(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(store, small(1))
    monkeypatch.setattr(module, "DECISIONS_BYTES_MAX", 1)
    store.housekeeping(NOW + 10 * module.DECISIONS_SECONDS_MAX)
    (kept,) = store.decisions.find()
    assert store.decisions.state(kept.id)


def test_a_damaged_part_is_noticed(store: Store, path: Path) -> None:
    keep(store, small(1))
    with store.transaction() as work:
        work.execute(text("UPDATE decision_parts SET data = x'789c030000000001'"))
    with pytest.raises(StoreError, match="is damaged"):
        store.decisions.state(store.decisions.find()[0].id)


def test_a_damaged_decision_keeps_no_manager_from_starting(store: Store, path: Path) -> None:
    keep(store, small(1))
    with store.transaction() as work:
        work.execute(text("UPDATE decision_parts SET data = x'789c030000000001'"))
    store.close()
    again = Store.open(path)
    keep(again, small(2))
    newest, damaged = again.decisions.find()
    assert again.decisions.state(newest.id)
    with pytest.raises(StoreError, match="is damaged"):
        again.decisions.state(damaged.id)
    assert rows(path, f"SELECT count(*) FROM decision_parts WHERE last = {damaged.id}")[0][0], "they go with it"
    again.close()


# -- the recorder


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


def test_what_is_not_kept_is_refused_with_what_is(store: Store) -> None:
    decisions = Decisions(store)
    with pytest.raises(UnknownPlan, match="nothing was decided yet"):
        decisions.read("abc")
    hashes = [keep(store, small(number), NOW + number / 10) for number in range(20)]
    with pytest.raises(UnknownPlan, match=f"oldest kept one is {hashes[0][:12]} of .*, the newest {hashes[-1][:12]}"):
        decisions.read("0" * 64)
    with pytest.raises(Conflict, match="20 kept plans begin with"):
        decisions.read("")
    assert decisions.read(hashes[3][:16]) == decisions.read(hashes[3])


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


def test_kept_plans_are_replayed_with_equal_hashes(path: Path) -> None:
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

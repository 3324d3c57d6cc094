"""Kept decisions: they come back to the byte, share their parts, and are bounded."""

from pathlib import Path

import pytest
from sqlalchemy import text

from reconciler.plan.keep.replay import decided, read_decided, replay
from reconciler.plan.keep.state import State
from reconciler.plan.keep.state_json import to_json
from reconciler.plan.model.policy import Policy
from reconciler.store import Store, StoreError
from reconciler.store.tables import decisions as module
from tests.store.making import rows
from tests.support.deciding import keep, small
from tests.support.planning import NOW, World, business, component, node


def shop(image: str = "web:1") -> World:
    return World(*(node(f"n{number}") for number in range(40))).wants(
        business("shop", component("web", image_name=image)),
        *(business(f"b{number}", component("web")) for number in range(40)),
    )


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

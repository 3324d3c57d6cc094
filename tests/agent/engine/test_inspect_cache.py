"""What inspect calls said is kept for as long as nothing changed, and not a moment longer."""

from typing import Any

import pytest

from agent.engine.inspect_cache import InspectCache
from tests.agent.engine.fake_engine import FakeEngine


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def cache(engine: FakeEngine) -> InspectCache:
    made = InspectCache(engine.client)
    made.listen()
    return made


def listed(container_id: str, status: str = "Up 2 minutes") -> dict[str, Any]:
    return {"Id": container_id, "State": "running", "Status": status}


def test_a_second_listing_asks_nothing(engine: FakeEngine, cache: InspectCache) -> None:
    one = engine.add("one", {})
    assert cache.of(listed(one)) == cache.of(listed(one))
    assert engine.made("inspect") == [one]
    assert cache.knows(one) and not cache.knows("another")


def test_nothing_is_kept_while_nobody_tells_of_changes(engine: FakeEngine) -> None:
    one, cache = engine.add("one", {}), InspectCache(engine.client)
    cache.of(listed(one))
    cache.of(listed(one))
    assert len(engine.made("inspect")) == 2


@pytest.mark.parametrize("which", ["this one", "any", "all but these"])
def test_what_changed_is_asked_again(engine: FakeEngine, cache: InspectCache, which: str) -> None:
    one = engine.add("one", {})
    cache.of(listed(one))
    if which == "all but these":
        cache.forget_others(set())
    else:
        cache.forget(one if which == "this one" else None)
    assert not cache.knows(one)
    cache.of(listed(one))
    assert len(engine.made("inspect")) == 2


def test_another_health_is_another_condition(engine: FakeEngine, cache: InspectCache) -> None:
    one = engine.add("one", {})
    cache.of(listed(one))
    cache.of(listed(one, "Up 2 minutes (unhealthy)"))
    assert len(engine.made("inspect")) == 2


def test_what_changes_while_it_is_asked_is_not_kept(engine: FakeEngine, cache: InspectCache) -> None:
    one = engine.add("one", {})
    inspect = engine.inspect_container

    def changed_meanwhile(container_id: str) -> dict[str, Any]:
        assert cache.knows(container_id), "a change of it matters already"
        cache.forget(container_id)
        return inspect(container_id)

    engine.inspect_container = changed_meanwhile  # type: ignore[method-assign]
    cache.of(listed(one))
    assert not cache.knows(one)


def test_what_has_gone_is_none(cache: InspectCache) -> None:
    assert cache.of(listed("gone")) is None

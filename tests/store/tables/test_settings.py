"""What operators say of a business outlasts its revisions and the manager."""

from collections.abc import Callable

from reconciler.store import Accepted, Store
from tests.store.making import accept, business


def test_a_restart_counts_and_ends_a_stop(store: Store) -> None:
    accept(store, business())
    store.settings.set_stopped("shop", True, 2.0)
    store.settings.add_restart("shop", 3.0)
    kept = store.desired.snapshot().businesses["shop"]
    assert (kept.stopped, kept.restarts, store.statuses.times()["shop"][1]) == (False, 1, 3.0)


def test_a_new_revision_keeps_stop_and_restarts(store: Store) -> None:
    accept(store, business())
    store.settings.add_restart("shop", 2.0)
    store.settings.set_stopped("shop", True, 3.0)
    accept(store, business(image="nginx:2"), at=4.0)
    kept = store.desired.snapshot().businesses["shop"]
    assert (kept.stopped, kept.restarts, kept.revision) == (True, 1, 2)


def test_each_setting_tells_the_revision_and_whether_it_changed_anything(store: Store) -> None:
    accept(store, business())
    settings = store.settings
    calls: list[Callable[[], Accepted]] = [
        lambda: settings.set_stopped("shop", True, 2.0),
        lambda: settings.set_paused("shop", True, 2.0),
        lambda: settings.set_pin("shop", 1, frozenset({"d"}), 2.0),
    ]
    for call in calls:
        assert (call(), call()) == (Accepted(1, True), Accepted(1, False))
    assert settings.add_restart("shop", 3.0) == settings.add_restart("shop", 4.0) == Accepted(1, True)

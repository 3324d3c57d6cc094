from reconciler.store import Event, Store
from reconciler.store.tables.events import EVENTS_MAX


def messages(events: list[Event]) -> list[str]:
    return [event.message for event in events]


def test_events_come_newest_last_and_by_what_they_are_about(store: Store) -> None:
    store.events.add(
        [
            Event(1.0, "created", "a", business_id="shop", component_id="web", instance=0, node_id="n1"),
            Event(2.0, "lost", "b", node_id="n2"),
            Event(3.0, "stopped", "c", business_id="shop"),
        ]
    )
    assert messages(store.events.find()) == ["a", "b", "c"]
    assert messages(store.events.find(limit=2)) == ["b", "c"]
    assert messages(store.events.find(business_id="shop")) == ["a", "c"]
    assert messages(store.events.find(node_id="n2")) == ["b"]
    first = store.events.find()[0]
    assert (first.at, first.kind, first.component_id, first.instance) == (1.0, "created", "web", 0)
    assert messages(store.events.find(after=first.id, limit=1)) == ["b"]


def test_the_number_of_events_is_bounded(store: Store) -> None:
    store.events.add([Event(float(n), "tick", str(n)) for n in range(EVENTS_MAX + 5)])
    store.housekeeping(1.0)
    kept = store.events.find(limit=EVENTS_MAX * 2)
    assert (len(kept), kept[0].message, kept[-1].message) == (EVENTS_MAX, "5", str(EVENTS_MAX + 4))


def test_events_are_asked_for_from_a_time_on(store: Store) -> None:
    store.events.add([Event(float(at), "tick", str(at)) for at in (10, 20, 30)])
    assert messages(store.events.find(since=20.0)) == ["20", "30"]
    assert messages(store.events.find(since=15.0, limit=1)) == ["30"], "the latest ones"
    assert messages(store.events.find(since=31.0)) == []


def test_the_newest_cause_of_some_kinds_is_found(store: Store) -> None:
    store.events.add(
        [
            Event(1.0, "accepted", "a", "shop", cause="api 127.0.0.1: revision 1", plan_hash=""),
            Event(2.0, "restart", "b", "shop", cause="api 127.0.0.1: restart"),
            Event(3.0, "accepted", "c", "shop"),
            Event(4.0, "accepted", "d", "blog", cause="other"),
        ]
    )
    assert store.events.newest_cause("shop", ("accepted", "restart")) == "api 127.0.0.1: restart"
    assert store.events.newest_cause("shop", ("accepted",)) == "api 127.0.0.1: revision 1"
    assert store.events.newest_cause("none", ("accepted",)) == ""

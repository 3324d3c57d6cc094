"""How often fields were set back is counted, and kept once it freezes them."""

from pathlib import Path

from reconciler.store import Store
from tests.store.making import accept, business, key


def test_heals_are_counted_within_the_hour_and_kept_once_they_freeze(store: Store, path: Path) -> None:
    accept(store, business())
    store.heals.record([(key(), ("user", "restart"))], 100.0)
    store.heals.record([(key(), ("user",))], 200.0)
    assert store.heals.counts() == {(key(), "user"): 2, (key(), "restart"): 1}
    store.heals.record([(key(), ("user",))], 300.0)
    store.heals.record([(key(), ("restart",))], 5000.0)
    assert store.heals.counts() == {(key(), "user"): 3, (key(), "restart"): 1}, "an hour later it is another story"
    store.housekeeping(9000.0)
    assert store.heals.counts() == {(key(), "user"): 3}
    store.close()
    again = Store.open(path)
    assert again.heals.counts() == {(key(), "user"): 3}
    assert again.heals.forget([key("other")]) == 0
    assert again.heals.forget([key()]) == 1
    assert again.heals.counts() == {}
    again.heals.record([(key(business_id="gone"), ("user",))], 9000.0)
    again.housekeeping(9001.0)
    assert again.heals.counts() == {}, "no such business is desired"
    again.close()

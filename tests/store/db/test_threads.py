"""Many threads on one store: nothing is lost, and no reader sees half a write."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from reconciler.store import Store
from reconciler.wire.messages import Status
from tests.store.making import accept, business, instance, key, report

ROUNDS = 25


def test_reports_and_accepts_at_once_lose_nothing(store: Store, path: Path) -> None:
    done = threading.Event()

    def accepting(name: str) -> None:
        for number in range(ROUNDS):
            accept(store, business(name, image=f"nginx:{number}"))

    def reporting(node_id: str) -> None:
        for number in range(ROUNDS):
            status = Status.RUNNING if number % 2 else Status.FAILED
            both = (instance(key("web"), status), instance(key("db"), status))
            store.observed.record_report(report(*both, node_id=node_id, timestamp=float(number)), float(number))

    def numbering() -> list[int]:
        return [version for _ in range(ROUNDS) for version in store.versions.next(2)]

    def reading() -> int:
        seen = 0
        while not done.is_set():
            by_node: dict[str, set[Status]] = {}
            for allocation in store.observed.snapshot().allocations:
                by_node.setdefault(allocation.node_id, set()).add(allocation.status)
            assert all(len(statuses) == 1 for statuses in by_node.values()), "half of a report was seen"
            assert all(
                len(kept.earlier) == min(5, kept.revision - 1) for kept in store.desired.snapshot().businesses.values()
            )
            seen += 1
        return seen

    with ThreadPoolExecutor(9) as pool:
        reader = pool.submit(reading)
        writers = [pool.submit(accepting, f"b{n}") for n in range(3)]
        writers += [pool.submit(reporting, f"n{n}") for n in range(3)]
        numbers = [pool.submit(numbering) for _ in range(2)]
        try:
            for writer in writers:
                writer.result()
            versions = [version for future in numbers for version in future.result()]
        finally:
            done.set()
        assert reader.result() > 0

    assert len(set(versions)) == len(versions)
    assert {name: kept.revision for name, kept in store.desired.snapshot().businesses.items()} == {
        f"b{n}": ROUNDS for n in range(3)
    }
    before = store.desired.snapshot(), store.observed.snapshot().nodes, set(store.observed.snapshot().allocations)
    store.close()
    again = Store.open(path)
    assert (
        again.desired.snapshot(),
        again.observed.snapshot().nodes,
        set(again.observed.snapshot().allocations),
    ) == before
    again.close()

"""What was acknowledged is there after kill -9."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.store import Store
from tests.store.making import business, key

WRITER = """
import sys
from reconciler.store import Event, Store
from tests.store.making import accept, business, instance, key, report
store = Store.open(sys.argv[1])
number = 0
while True:
    number += 1
    accept(store, business(image=f"nginx:{number}"), at=float(number))
    accept(store, business(f"b{number}"), at=float(number))
    store.observed.record_report(report(instance(version=number), timestamp=float(number)), float(number))
    store.events.add([Event(float(number), "tick", str(number))])
    with store.transaction():
        accept(store, business(f"pair{number}"), at=float(number))
        store.events.add([Event(float(number), "pair", f"pair{number}")])
    print(number, flush=True)
"""


@pytest.mark.slow
def test_every_acknowledged_write_survives_kill_9(path: Path) -> None:
    for at_least in (1, 7, 20):
        path = path.with_name(f"{at_least}.db")
        writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        for _ in range(at_least):
            assert writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        acknowledged = max([at_least, *(int(line) for line in writer.stdout if line.endswith("\n"))])
        assert writer.wait() == -signal.SIGKILL
        writer.stdout.close()

        store = Store.open(path)
        desired = store.desired.snapshot().businesses
        assert desired["shop"].revision >= acknowledged
        assert all(desired[f"b{n}"].business == business(f"b{n}") for n in range(1, acknowledged + 1))
        (allocation,) = store.observed.snapshot().allocations
        assert allocation.key == key() and allocation.version >= acknowledged
        assert store.versions.next(1)[0] > acknowledged
        events = store.events.find(limit=10_000)
        ticks = [int(event.message) for event in events if event.kind == "tick"]
        assert ticks[:acknowledged] == list(range(1, acknowledged + 1))
        pairs = {event.message for event in events if event.kind == "pair"}
        assert len(pairs) >= acknowledged and pairs == {name for name in desired if name.startswith("pair")}
        store.close()

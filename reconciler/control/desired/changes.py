"""The way of every change of desired state: one caller at a time, put on record, and followed by a turn of the loop."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from reconciler.control.errors import UnknownBusiness, UnknownInstance
from reconciler.manifest.errors import Problem, SpecError
from reconciler.manifest.model import Business, Component
from reconciler.plan.gates.businesses import circles
from reconciler.plan.model.desired import Desired, DesiredBusiness
from reconciler.store.model import Event
from reconciler.store.store import Store

BODY = "body"
"""The name that problems in a request's body carry instead of a file's."""


@dataclass(slots=True)
class Change:
    """A change under way since `at` (seconds since the epoch)."""

    store: Store
    at: float
    is_recorded: bool = False

    def record(self, kind: str, business_id: str, message: str, cause: str) -> None:
        """Put the change on record, so that the loop turns once it is stored."""
        self.store.events.add([Event(self.at, kind, message, business_id, cause=cause)])
        self.is_recorded = True


class DesiredChanges:
    """Shares among everything that changes desired state one lock, the store, a clock, and the record.

    A change holds `lock` from its first look at the desired state on. `clock` gives seconds since the epoch.
    """

    def __init__(self, store: Store, clock: Callable[[], float], wake: Callable[[], None]) -> None:
        self.store = store
        self.clock = clock
        self.wake = wake
        self.lock = threading.RLock()

    def business(self, business_id: str) -> DesiredBusiness:
        """Look up a business. Raises UnknownBusiness."""
        return business_of(self.store.desired.snapshot(), business_id)

    @contextmanager
    def make(self) -> Iterator[Change]:
        """Make one change: nobody else makes one meanwhile, and it is stored with its record, or not at all."""
        with self.lock:
            change = Change(self.store, self.clock())
            with self.store.transaction():
                yield change
            if change.is_recorded:
                self.wake()


def business_of(desired: Desired, business_id: str) -> DesiredBusiness:
    """Look up a business of the desired state. Raises UnknownBusiness."""
    found = desired.businesses.get(business_id)
    if found is None:
        raise UnknownBusiness(business_id, tuple(sorted(desired.businesses)))
    return found


def component_of(entry: DesiredBusiness, component_id: str) -> Component:
    """Look up a component of a business. Raises UnknownInstance."""
    components = {component.component_id: component for component in entry.business.components}
    if component_id not in components:
        names = ", ".join(sorted(components))
        raise UnknownInstance(f"{entry.business.business_id} has no component '{component_id}': it has {names}")
    return components[component_id]


def refuse_circles(desired: Desired, businesses: Iterable[Business]) -> None:
    """Raise SpecError when these businesses would wait for each other, or for others, in a circle."""
    found = circles(desired, businesses)
    if found:
        raise SpecError([Problem(BODY, None, "depends_on_businesses", way) for way in found.values()])

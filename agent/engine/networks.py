"""Named networks: made when the first instance needs them, gone with the last, so that addresses don't run out.

Only networks that an agent of ours made are ever removed. Where several agents share an Engine, they share its
networks too: the first makes one and the last one removes it, whoever that is. The Engine itself lets two agents make
two networks of one name at the same moment; who made the second one sees the first and takes its own away again.
"""

import random
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from typing import Any

from docker import APIClient

from agent.engine.errors import readable
from agent.engine.network_calls import NetworkCalls, is_ours
from agent.runtime.contract import RuntimeFailure

BUILT_IN = ("bridge", "host", "none")
CONTEST_SECONDS_MAX = 10.0
"""How long agents may be at odds over who makes a network."""
CONTEST_PAUSE_SECONDS = (0.05, 0.3)


class Networks:
    """The bridge networks that one node's containers join by name. Safe to use from several threads."""

    def __init__(self, client: APIClient, node_id: str) -> None:
        self._calls = NetworkCalls(client, node_id)
        self._lock = threading.Lock()
        self._wanted: Counter[str] = Counter()
        self._locks: dict[str, threading.Lock] = {}

    @contextmanager
    def ensuring(self, names: Iterable[str]) -> Iterator[None]:
        """Make those of these networks that are missing, and hold all of them while a container is being made.

        When that fails, those that nobody uses go again. Raises RuntimeFailure where no address is left for one.
        """
        names = list(names)
        with self.holding(names):
            for name in names:
                self._ensure(name)
            yield

    @contextmanager
    def holding(self, names: Iterable[str]) -> Iterator[None]:
        """Keep these networks while the context lasts, though nothing is on them; when it fails, remove unused ones."""
        names = list(names)
        with self._lock:
            self._wanted.update(names)
        well = False
        try:
            yield
            well = True
        finally:
            with self._lock:
                self._wanted.subtract(names)
            if not well:
                # Why it failed matters more than what is left behind.
                with suppress(RuntimeFailure), readable("cannot remove networks"):
                    self.remove_unused(names)

    def remove_unused(self, names: Iterable[str]) -> None:
        """Remove those of these networks that an agent made and that no container is on any more."""
        for name in names:
            if name in BUILT_IN:
                continue
            with self._turn(name):
                if self._wanted[name] <= 0:
                    self._remove_unused(name)

    def _ensure(self, name: str) -> None:
        deadline = monotonic() + CONTEST_SECONDS_MAX
        with self._turn(name):
            while len(found := self._calls.named(name)) != 1:
                if monotonic() >= deadline:
                    raise RuntimeFailure(f"the Engine has several networks named {name!r}; remove all but one")
                if found:
                    self._remove_doubles(found)
                elif (made := self._calls.make(name)) is not None and len(self._calls.named(name)) > 1:
                    self._calls.remove(made)
                    sleep(random.uniform(*CONTEST_PAUSE_SECONDS))  # noqa: S311 - or two agents do it all again

    def _turn(self, name: str) -> threading.Lock:
        """To be held while a network is made or removed: the Engine takes a while, and other names need not wait."""
        with self._lock:
            return self._locks.setdefault(name, threading.Lock())

    def _remove_unused(self, name: str) -> None:
        for one in self._calls.named(name):
            if is_ours(one) and not self._calls.has_containers(one):
                self._calls.remove(one["Id"])

    def _remove_doubles(self, found: list[dict[str, Any]]) -> None:
        """Of several networks with one name, remove those that nothing runs on, and leave one."""
        sleep(random.uniform(*CONTEST_PAUSE_SECONDS))  # noqa: S311 - who made the second one is about to remove it
        empty = [one for one in found if is_ours(one) and not self._calls.is_occupied(one["Id"])]
        for one in empty if len(empty) < len(found) else empty[1:]:
            self._calls.remove(one["Id"])

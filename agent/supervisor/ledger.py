"""The supervisor's memory: what each instance should become, how far that is, and what was last told about it.

It merges two truths. A runtime's listing says what exists; a `Note` says what is under way or went wrong, which no
container can tell. Nothing here is kept on disk: after a restart the containers' labels say the rest.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic

import msgspec

from agent.runtime.contract import Running
from agent.supervisor.inventory import Inventory
from reconciler.wire.messages import Deploy, InstanceKey, InstanceReport, Reservation, Status, Stop

STALE_SECONDS = 180.0
"""How long a failed update of something that runs on is told, unless it is tried again; managers retry sooner.

After that the manager no longer wants the update, and what runs is what it wants.
"""

REMEMBERED = 10_000
"""How many instances that are gone keep their newest version, so that a late message can't revive them."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A container (or process) of an instance, and which runtime made it."""

    inventory: Inventory
    running: Running


@dataclass(frozen=True, slots=True)
class Tidy:
    """The goal of leaving one copy of an instance, the newest that runs, where a crash left several."""


@dataclass(frozen=True, slots=True)
class Relinquish:
    """The goal of ending a singleton that may not run here any more, in at most so many seconds."""

    within: float


Goal = Deploy | Stop | Tidy | Relinquish


@dataclass(frozen=True, slots=True)
class Note:
    """What is under way with an instance, or went wrong, in place of what its container says.

    `failed_digest` is of the deploy that failed while another container of the instance was there.
    """

    status: Status
    digest: str = ""
    version: int = 0
    message: str = ""
    progress: float | None = None
    reservation: Reservation = Reservation()
    failed_digest: str = ""
    since: float = field(default_factory=monotonic)


@dataclass(slots=True)
class Entry:
    """One instance's goal. `turn` counts goals, so that who works for an older one can tell.

    `ready` says that the goal may touch containers now; `acting` that someone does. `runs` is the digest that was
    last asked for and found running, with the version it was asked for under.
    """

    newest: int = 0
    turn: int = 0
    goal: Goal | None = None
    ready: bool = False
    acting: bool = False
    note: Note | None = None
    runs: tuple[str, int] = ("", 0)

    def take(self, goal: Goal, note: Note | None, ready: bool) -> int:
        """Make this the goal; its turn."""
        self.goal, self.note, self.ready = goal, note, ready
        self.turn += 1
        return self.turn


@dataclass(slots=True)
class Ledger:
    """Every entry and listing. Callers hold `lock` around what must be seen together."""

    changed: Callable[[InstanceReport], None]
    lock: threading.RLock = field(default_factory=threading.RLock)
    inventories: dict[str, Inventory] = field(default_factory=dict)
    entries: dict[InstanceKey, Entry] = field(default_factory=dict)
    _told: dict[InstanceKey, InstanceReport] = field(default_factory=dict)
    _telling: threading.RLock = field(default_factory=threading.RLock)

    def entry(self, key: InstanceKey) -> Entry:
        """The instance's entry, made when it is new."""
        return self.entries.setdefault(key, Entry())

    def copies(self, key: InstanceKey) -> list[Copy]:
        """What exists of the instance, the newest first."""
        found = [
            Copy(inventory, running)
            for inventory in tuple(self.inventories.values())
            for running in inventory.found
            if running.key == key
        ]
        return sorted(found, key=_age)

    def singletons(self) -> set[InstanceKey]:
        """The singletons that are here, or under way."""
        here = {one.key for inventory in self.inventories.values() for one in inventory.found if one.singleton}
        goals = ((key, entry.goal) for key, entry in self.entries.items())
        return here | {key for key, goal in goals if isinstance(goal, Deploy) and goal.component.singleton}

    def newest(self, key: InstanceKey) -> int:
        """The newest version seen of the instance: by this process, or on what runs."""
        known = self.entries.get(key, Entry()).newest
        return max([known, *(copy.running.version for copy in self.copies(key))])

    def is_newest(self, key: InstanceKey, turn: int) -> bool:
        """Whether that turn's goal still stands."""
        with self.lock:
            return self.entry(key).turn == turn

    def note(self, key: InstanceKey, turn: int, note: Note) -> None:
        """Tell how far the turn's goal is, unless a newer one has replaced it."""
        with self.lock:
            if self.entry(key).turn != turn:
                return
            self.entry(key).note = note
        self.tell(key)

    def finish(self, key: InstanceKey, turn: int, note: Note | None = None) -> None:
        """The turn's goal is reached (or `note` says why not), unless a newer one has replaced it."""
        with self.lock:
            entry = self.entry(key)
            if entry.turn == turn:
                entry.goal, entry.ready, entry.note = None, False, note

    def reports(self) -> dict[InstanceKey, InstanceReport]:
        """Every instance there is: running, ended, under way or failed."""
        with self.lock:
            copies: dict[InstanceKey, list[Copy]] = {}
            for inventory in self.inventories.values():
                for running in inventory.found:
                    copies.setdefault(running.key, []).append(Copy(inventory, running))
            keys = copies.keys() | {key for key, entry in self.entries.items() if entry.note is not None}
            return {key: report_of(key, self.entries.get(key), sorted(copies.get(key, ()), key=_age)) for key in keys}

    def tell(self, key: InstanceKey, always: bool = False) -> None:
        """Call `changed` when this instance's report changed (or `always`)."""
        with self._telling:
            with self.lock:
                entry, copies = self.entries.get(key), self.copies(key)
                exists = bool(copies) or (entry is not None and entry.note is not None)
                report = report_of(key, entry, copies) if exists else None
            self._tell(key, report, always)

    def tell_all(self) -> None:
        """Call `changed` for every instance whose report changed, or that is gone."""
        with self._telling:
            reports = self.reports()
            for key in reports.keys() | self._told.keys():
                self._tell(key, reports.get(key), False)

    def crowded(self) -> Iterator[InstanceKey]:
        """Instances with several copies of which nobody takes care."""
        with self.lock:
            seen: set[InstanceKey] = set()
            twice: set[InstanceKey] = set()
            for inventory in self.inventories.values():
                for running in inventory.found:
                    (twice if running.key in seen else seen).add(running.key)
            yield from (key for key in twice if self.entry(key).goal is None and not self.entry(key).acting)

    def expire(self) -> None:
        """Let go of failed updates where what was asked for runs after all, or that nobody tried again for long."""
        with self.lock:
            running = {one.key: one for inventory in self.inventories.values() for one in inventory.found}
            for key, entry in self.entries.items():
                if entry.goal is not None or entry.note is None or entry.note.status is not Status.FAILED:
                    continue
                there = running.get(key)
                if there is None:
                    continue
                come_true = there.digest == entry.note.failed_digest and not there.ended
                if come_true or monotonic() - entry.note.since > STALE_SECONDS:
                    entry.note = None

    def forget(self) -> None:
        """Let go of the oldest instances that are gone, beyond `REMEMBERED`."""
        with self.lock:
            surplus = len(self.entries) - REMEMBERED
            if surplus <= 0:
                return
            exist = {running.key for inventory in self.inventories.values() for running in inventory.found}
            idle = [
                key
                for key, entry in self.entries.items()
                if key not in exist and entry.goal is None and entry.note is None and not entry.acting
            ]
            for key in idle[:surplus]:
                del self.entries[key]

    def _tell(self, key: InstanceKey, report: InstanceReport | None, always: bool) -> None:
        told = self._told.get(key)
        if report is None:
            self._told.pop(key, None)
            if told is not None or always:
                self.changed(self._gone(key, told))
        elif always or report != told:
            self._told[key] = report
            self.changed(report)

    def _gone(self, key: InstanceKey, told: InstanceReport | None) -> InstanceReport:
        return InstanceReport(
            business_id=key.business_id,
            component_id=key.component_id,
            instance=key.instance,
            status=Status.STOPPED,
            digest=told.digest if told else "",
            version=max(told.version if told else 0, self.newest(key)),
            ended=True,
        )


def report_of(key: InstanceKey, entry: Entry | None, copies: list[Copy]) -> InstanceReport:
    """The instance as this node sees it: its newest copy, with what is under way laid over it."""
    report = InstanceReport(
        business_id=key.business_id,
        component_id=key.component_id,
        instance=key.instance,
        status=Status.PENDING,
    )
    if copies:
        running = copies[0].running
        digest, asked = entry.runs if entry else ("", 0)
        report = msgspec.structs.replace(
            report,
            status=running.status,
            digest=running.digest,
            version=max(running.version, asked if digest == running.digest else 0),
            container_id=running.container_id,
            message=running.message,
            reservation=running.reservation,
            restart_count=running.restart_count,
            started_at=running.started_at,
            ended=running.ended,
            drift=running.drift,
        )
    if entry is None or entry.note is None:
        return report
    note = entry.note
    if note.failed_digest and copies:
        return msgspec.structs.replace(report, message=note.message, failed_digest=note.failed_digest)
    other = bool(note.digest) and note.digest != report.digest
    return msgspec.structs.replace(
        report,
        status=note.status,
        digest=note.digest or report.digest,
        version=note.version or report.version,
        container_id=None if other else report.container_id,
        drift=() if other else report.drift,
        message=note.message,
        progress=note.progress,
        reservation=report.reservation if note.reservation == Reservation() else note.reservation,
        ended=note.status is Status.FAILED and (report.ended or not copies),
    )


def _age(copy: Copy) -> tuple[int, bool, float]:
    running = copy.running
    return -running.version, running.ended, -(running.started_at or 0.0)

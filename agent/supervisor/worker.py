"""Carries out one instance's newest goal: fetch the image, stop the old copies, create the new one.

Fetching touches no container, so it needs no turn-taking: a download that was superseded, or hangs, is left behind
and its result ignored. Stopping and creating are done by one thread at a time for each instance. After every step
the worker looks whether its goal still stands, and if not goes straight to the newest.
"""

import logging
import threading
from functools import partial
from time import monotonic

from agent.host.threads import Pool
from agent.runtime.contract import Running, RuntimeFailure
from agent.supervisor.inventory import Inventory
from agent.supervisor.ledger import Copy, Ledger, Note, Relinquish, Tidy
from reconciler.manifest.drift import LIVE
from reconciler.wire.messages import Deploy, InstanceKey, Status, Stop, reservation_of

log = logging.getLogger(__name__)

DOWNLOADS = 16
ACTIONS = 16
PATIENCE_SECONDS = 1.0
"""How often who waits for a container looks whether that is still wanted."""
PROGRESS_SECONDS = 0.25
"""The least time between two reports of a download's progress."""


class SupersededDownload(Exception):
    """Ends a download that nobody waits for any more, out of its own progress callback."""


class Worker:
    """Works on the ledger's goals in the background. Ends no instance when it is closed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._downloads = Pool("download", DOWNLOADS)
        self._actions = Pool("action", ACTIONS)
        self._closing = threading.Event()

    def begin(self, key: InstanceKey, turn: int) -> None:
        """Carry out the goal that was taken as `turn`: at once when it is ready, else after its download."""
        with self._ledger.lock:
            ready = self._ledger.entry(key).ready
        if ready:
            self._actions.submit(partial(self._act, key))
        else:
            self._downloads.submit(partial(self._fetch, key, turn))

    def close(self) -> None:
        """Take nothing more in hand, and end downloads."""
        self._closing.set()
        self._downloads.close()
        self._actions.close()

    def _fetch(self, key: InstanceKey, turn: int) -> None:
        with self._ledger.lock:
            entry = self._ledger.entry(key)
            deploy = entry.goal
            if entry.turn != turn or not isinstance(deploy, Deploy):
                return
        try:
            runtime = self._ledger.inventories[deploy.component.type].runtime
            runtime.ensure_image(deploy.component, _Progress(self._ledger, key, turn, deploy, self._closing))
        except SupersededDownload:
            return
        except Exception as error:
            self._ledger.finish(key, turn, self._failure(deploy, _reason(error)))
            self._ledger.tell(key)
            return
        with self._ledger.lock:
            if entry.turn != turn:
                return
            entry.ready = True
        self._actions.submit(partial(self._act, key))

    def _act(self, key: InstanceKey) -> None:
        with self._ledger.lock:
            entry = self._ledger.entry(key)
            if entry.acting:
                return
            entry.acting = True
        while True:
            with self._ledger.lock:
                turn, goal = entry.turn, entry.goal
                if goal is None or not entry.ready or self._closing.is_set():
                    entry.acting = False
                    return
            match goal:
                case Deploy():
                    self._deploy(key, turn, goal)
                case Stop():
                    self._stop(key, turn)
                case Relinquish(within):
                    self._stop(key, turn, within)
                case Tidy():
                    self._tidy(key, turn)

    def _deploy(self, key: InstanceKey, turn: int, deploy: Deploy) -> None:
        note = None
        try:
            self._replace(key, turn, deploy)
        except Exception as error:
            note = self._failure(deploy, _reason(error))
        self._ledger.finish(key, turn, note)
        self._ledger.tell(key)

    def _replace(self, key: InstanceKey, turn: int, deploy: Deploy) -> None:
        inventory = self._ledger.inventories[deploy.component.type]
        copies = self._copies(key, deploy.component.type)
        keep = next((copy for copy in copies if runs(copy, deploy)), None)
        start_first = deploy.component.update.order == "start-first"
        if keep is None and start_first and any(copy.running.status is Status.RUNNING for copy in copies):
            self._succeed(key, turn, deploy, inventory)
            return
        with inventory.runtime.holding_networks(deploy):
            self._take_turns(key, turn, deploy, inventory, copies, keep)

    def _take_turns(
        self, key: InstanceKey, turn: int, deploy: Deploy, inventory: Inventory, copies: list[Copy], keep: Copy | None
    ) -> None:
        """End what is not to run, then start what is and does not run yet."""
        for copy in copies:
            if copy is keep:
                continue
            if not self._ledger.is_newest(key, turn):
                return
            self._note(key, turn, deploy, "stopping the old one")
            self._end(copy)
        with self._ledger.lock:
            entry = self._ledger.entry(key)
            if entry.turn != turn or not isinstance(entry.goal, Deploy):
                return
            deploy = entry.goal
            entry.runs = (deploy.digest, deploy.version)
        if keep is None:
            self._note(key, turn, deploy, "")
            self._create(inventory, deploy)
        elif limits_differ(keep, deploy) or drifted(keep, deploy):
            inventory.runtime.limit(keep.running.container_id, deploy)
            inventory.refresh()

    def _succeed(self, key: InstanceKey, turn: int, deploy: Deploy, inventory: Inventory) -> None:
        """Replace what runs once the new version runs beside it; if that does not come up, what runs stays."""
        self._note(key, turn, deploy, "starts beside the old one")
        container_id = self._create(inventory, deploy, alongside=True)
        trouble = self._trouble(key, turn, deploy, inventory, container_id)
        if self._closing.is_set():
            return
        if trouble is not None or not self._ledger.is_newest(key, turn):
            inventory.runtime.stop(container_id)
            inventory.drop(container_id)
            if trouble is not None:
                raise RuntimeFailure(trouble)
            return
        for copy in self._ledger.copies(key):
            if copy.running.container_id != container_id:
                self._end(copy)
        inventory.runtime.promote(container_id, key)
        with self._ledger.lock:
            self._ledger.entry(key).runs = (deploy.digest, deploy.version)

    def _trouble(
        self, key: InstanceKey, turn: int, deploy: Deploy, inventory: Inventory, container_id: str
    ) -> str | None:
        """Why a new container does not come up; None once it has run for as long as its spec asks, or is obsolete."""
        since: float | None = None
        while self._ledger.is_newest(key, turn) and not self._closing.is_set():
            heard = inventory.listings
            running = next((one for one in inventory.found if one.container_id == container_id), None)
            if running is None:
                return "the new container was removed while it started"
            if running.status is Status.FAILED:
                return running.message or "the new container failed"
            if running.status is Status.STOPPED:
                return None
            since = (since or monotonic()) if running.status is Status.RUNNING else None
            left = deploy.component.monitor - (monotonic() - since) if since else PATIENCE_SECONDS
            if left <= 0:
                return None
            inventory.wait(heard, min(left, PATIENCE_SECONDS))
        return None

    def _create(self, inventory: Inventory, deploy: Deploy, alongside: bool = False) -> str:
        container_id = inventory.runtime.create(deploy, alongside)
        inventory.add(
            Running(
                deploy.key,
                container_id,
                deploy.digest,
                deploy.version,
                Status.STARTING,
                reservation=reservation_of(deploy.component, deploy.gpu_devices),
                singleton=deploy.component.singleton,
            )
        )
        inventory.poke()
        log.info("%s version %d created: %s", deploy.key, deploy.version, container_id[:12])
        return container_id

    def _stop(self, key: InstanceKey, turn: int, within: float | None = None) -> None:
        note = None
        try:
            for copy in self._copies(key, None):
                if not self._ledger.is_newest(key, turn):
                    return
                self._end(copy, within)
        except Exception as error:
            note = Note(Status.FAILED, message=f"could not be stopped: {_reason(error)}")
            log.warning("%s %s", key, note.message)
        else:
            log.info("%s stopped", key)
        self._ledger.finish(key, turn, note)
        self._ledger.tell(key, always=True)

    def _tidy(self, key: InstanceKey, turn: int) -> None:
        try:
            copies = self._copies(key, None)
            keep = next(
                (copy for copy in copies if copy.running.status is Status.RUNNING), copies[0] if copies else None
            )
            for copy in copies:
                if not self._ledger.is_newest(key, turn):
                    return
                if copy is keep:
                    continue
                log.warning("%s has a surplus copy %s; stopping it", key, copy.running.container_id[:12])
                self._end(copy)
        except Exception as error:
            log.warning("the surplus copy of %s could not be stopped: %s", key, _reason(error))
        self._ledger.finish(key, turn)
        self._ledger.tell(key)

    def _copies(self, key: InstanceKey, own: str | None) -> list[Copy]:
        """What exists of the instance. Raises RuntimeFailure when the runtimes that matter can't tell.

        `own` is the runtime that is to run it next; None asks for certainty about all.
        """
        for inventory in tuple(self._ledger.inventories.values()):
            if inventory.available:
                continue
            try:
                inventory.refresh()
            except RuntimeFailure:
                known = any(running.key == key for running in inventory.found)
                if known or inventory.name == own or (own is None and not inventory.listed):
                    raise
        return self._ledger.copies(key)

    def _end(self, copy: Copy, within: float | None = None) -> None:
        copy.inventory.runtime.stop(copy.running.container_id, within)
        copy.inventory.drop(copy.running.container_id)

    def _note(self, key: InstanceKey, turn: int, deploy: Deploy, message: str) -> None:
        self._ledger.note(key, turn, under_way(deploy, Status.STARTING, message))

    def _failure(self, deploy: Deploy, reason: str) -> Note:
        log.warning("%s version %d failed: %s", deploy.key, deploy.version, reason)
        copies = self._ledger.copies(deploy.key)
        if not copies:
            return under_way(deploy, Status.FAILED, reason)
        if all(copy.running.digest == deploy.digest for copy in copies):
            return Note(Status.FAILED, message=reason, failed_digest=deploy.digest)
        message = f"update to version {deploy.version} failed: {reason}"
        return Note(Status.FAILED, message=message, failed_digest=deploy.digest)


class _Progress:
    """Passes a download's progress on, not too often, and ends it when nobody waits for it."""

    def __init__(self, ledger: Ledger, key: InstanceKey, turn: int, deploy: Deploy, closing: threading.Event) -> None:
        self._ledger, self._key, self._turn, self._deploy = ledger, key, turn, deploy
        self._closing = closing
        self._next = 0.0

    def __call__(self, share: float | None, message: str) -> None:
        if self._closing.is_set() or not self._ledger.is_newest(self._key, self._turn):
            raise SupersededDownload
        if monotonic() < self._next:
            return
        self._next = monotonic() + PROGRESS_SECONDS
        note = under_way(self._deploy, Status.DOWNLOADING, message, share)
        self._ledger.note(self._key, self._turn, note)


def under_way(deploy: Deploy, status: Status, message: str = "", progress: float | None = None) -> Note:
    """A note on a deploy that is in hand, or that failed and left nothing."""
    return Note(
        status,
        deploy.digest,
        deploy.version,
        message,
        progress,
        reservation_of(deploy.component, deploy.gpu_devices),
    )


def runs(copy: Copy, deploy: Deploy) -> bool:
    """Whether this copy is what the deploy asks for, or can be made so, and has not ended for good."""
    return (
        copy.running.digest == deploy.digest
        and not copy.running.ended
        and copy.inventory.name == deploy.component.type
        and not (drifted(copy, deploy) - LIVE)
        and not _unlimited(copy, deploy)
    )


def drifted(copy: Copy, deploy: Deploy) -> set[str]:
    """What of the copy has drifted that the deploy is to heal."""
    return {one.field for one in copy.running.drift} & set(deploy.heal)


def _unlimited(copy: Copy, deploy: Deploy) -> bool:
    """Whether it has a limit where there is to be none: the Engine takes none away from what runs."""
    have, want = copy.running.reservation, deploy.component.resource_requirements
    return (have.cpu_cores > 0 and not want.cpu_cores) or (have.memory_mb > 0 and not want.memory_mb)


def limits_differ(copy: Copy, deploy: Deploy) -> bool:
    """Whether what runs has other CPU and memory limits than the deploy asks for."""
    have, want = copy.running.reservation, deploy.component.resource_requirements
    return (round(have.cpu_cores, 3), have.memory_mb) != (round(want.cpu_cores, 3), want.memory_mb)


def _reason(error: Exception) -> str:
    """What to tell people: a runtime's own words, or else that this is our mistake (its trace is in the log)."""
    if isinstance(error, RuntimeFailure):
        return str(error)
    log.error("unexpected failure", exc_info=error)
    return f"internal error in the agent ({type(error).__name__}); its log says more"

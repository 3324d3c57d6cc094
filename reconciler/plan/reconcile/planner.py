"""`plan`: the one pure diff behind every deploy, update, stop, restart, node loss and rollback.

For every wanted instance one copy is kept where it is if its node can still be counted on and meets the
constraints; what has no copy is scheduled; every other copy stops. The promises of copies that stop are free for what
comes after, and such actions wait for them (`Action.waits_for`), so that nothing is ever promised twice.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace

from reconciler.manifest.references import refers
from reconciler.plan.gates import businesses, drains
from reconciler.plan.gates.dependencies import held
from reconciler.plan.gates.limits import limited
from reconciler.plan.gates.rollout import paced
from reconciler.plan.model.desired import Desired, Verdict
from reconciler.plan.model.observed import Copy, Liveness, Observed
from reconciler.plan.model.plan import Action, Drifted, Kind, Pending, Plan, Refusal
from reconciler.plan.model.policy import Policy
from reconciler.plan.proof.stability import settled
from reconciler.plan.reconcile.drift import Look, look, removed_by_hand, status_drift
from reconciler.plan.reconcile.unknowns import unknowns
from reconciler.plan.schedule.filters import refusals
from reconciler.plan.schedule.fleet import Fleet, meets_but_runtime
from reconciler.plan.schedule.place import Placement, Request, place, promise
from reconciler.plan.schedule.reservations import Releases, unringed
from reconciler.plan.schedule.shape import Shape
from reconciler.plan.wants.past_references import Resolutions
from reconciler.plan.wants.progress import serves
from reconciler.plan.wants.references import Places
from reconciler.plan.wants.versions import judged, may_roll_back, with_verdicts
from reconciler.plan.wants.wanted import Wanted, wanted, why_unwanted, why_update
from reconciler.wire.messages import InstanceKey

DEFAULT_POLICY = Policy()

MOST_ROUNDS = 5
"""How often a plan is made anew because what references stand for has changed where things fit."""

ORDER = {Kind.STOP: 0, Kind.UPDATE: 1, Kind.CREATE: 2}


@dataclass(frozen=True, slots=True)
class _Move:
    """An instance that needs a node: why, and the copy that runs on until it has one.

    A `pinned` one holds volumes where it is: it only waits for room there. One that `leaves` can't stay in any case.
    """

    want: Wanted
    reason: str
    old: Copy | None = None
    pinned: bool = False
    leaves: bool = False


def plan(desired: Desired, observed: Observed, policy: Policy = DEFAULT_POLICY, now: float = 0.0) -> Plan:
    """The actions that turn what is observed into what is desired, proved to settle and within the limits.

    Total and deterministic: any input gives a plan, and the same input in any order gives the same plan.
    `now` is seconds since the epoch, on the clock of `Node.last_seen`.
    """
    return limited(settled(draft, desired, observed, policy, now), desired, observed, policy.limits)


def draft(
    desired: Desired,
    observed: Observed,
    policy: Policy = DEFAULT_POLICY,
    now: float = 0.0,
    only: Collection[str] | None = None,
) -> Plan:
    """The plan before proof and limits. With `only`, for these businesses: what runs of others counts as it is."""
    if only is not None:
        known = desired.businesses
        desired = replace(desired, businesses={key: known[key] for key in known if key in only})
    found = _Planning(desired, observed, policy, now, {}, only).result()
    if not any(refers(part) for entry in desired.businesses.values() for part in entry.business.components):
        return found
    # References are resolved by where the plan before puts everything, until that is where this one does.
    for _ in range(MOST_ROUNDS):
        before = found
        found = _Planning(desired, observed, policy, now, before.placements, only).result()
        if found.placements == before.placements:
            break
    return found


class _Planning:
    """The state of one planning: the fleet's free room, and the actions found so far."""

    def __init__(
        self,
        desired: Desired,
        observed: Observed,
        policy: Policy,
        now: float,
        places: Places,
        only: Collection[str] | None,
    ) -> None:
        self.places = places
        self.resolutions = Resolutions(places, observed)
        self.desired = desired
        self.observed = observed
        self.now = now
        self.fleet = Fleet(observed, policy, now)
        self.releases = Releases(self.fleet)
        self.actions: list[Action] = []
        self.pending: list[Pending] = []
        self.drifted: list[Drifted] = []
        self.freeze_after = policy.freeze_after
        self.placements: dict[InstanceKey, str] = {}
        self.refusals: dict[Shape, tuple[Refusal, ...]] = {}
        self.copies: dict[InstanceKey, list[Copy]] = defaultdict(list)
        for copy in observed.copies:
            row = self.fleet.row.get(copy.node_id)
            if row is not None:
                if only is None or copy.key.business_id in only:
                    self.copies[copy.key].append(copy)
                self.fleet.hold(row, copy.promise)
                self.fleet.add_peer(copy.key.business_id, copy.key.component_id, row)

    def result(self) -> Plan:
        """Keep, stop, update in place, and place, in this order."""
        moves: list[_Move] = []
        updates: list[tuple[Wanted, Copy]] = []
        wants = self._wanted()
        verdicts, look_again = self._judge(wants)
        if any(verdict.word == "rejected" for verdict in verdicts.values()):
            wants = self._wanted()
        for want in wants.values():
            self._keep(want, self.copies.pop(want.key, []), moves, updates)
        for copies in self.copies.values():
            for copy in copies:
                self._stop(copy, why_unwanted(self.desired, copy, self.observed.nodes[copy.node_id]))
        moves += self._update(sorted(updates, key=lambda pair: pair[0].key))
        self._place(moves)
        actions = unringed([self._alone(self._timed(action)) for action in self.actions])
        pace = paced(self.desired, wants, self.observed.copies, actions, self.now)
        moving = drains.paced(wants, self.observed.copies, actions, self._leaving())
        order = held(self.desired, wants, self.observed.copies, actions, self.placements, self.now)
        between = businesses.held(self.desired, wants, self.observed.copies, actions, self.placements)
        waits = moving | pace.held | order.held
        if waits or between:
            actions = [
                replace(action, held=between.get(place) or action.held or waits.get(place, ""))
                for action in actions
                for place in [(action.key, action.node_id)]
            ]
        times = [time for time in (look_again, pace.look_again, order.look_again) if time is not None]
        times += [node.drain_by for node in self.fleet.nodes if node.drain_by is not None and node.drain_by > self.now]
        return Plan(
            actions=tuple(sorted(actions, key=lambda action: (ORDER[action.kind], action.key, action.node_id))),
            pending=tuple(sorted(self.pending, key=lambda pending: pending.key)),
            placements=dict(sorted(self.placements.items())),
            verdicts=verdicts,
            look_again=min(times, default=None),
            unknowns=unknowns(self.fleet, self.observed.copies, self.placements, actions),
            drifted=tuple(sorted(self.drifted, key=lambda left: (left.key, left.node_id, left.changes[0].field))),
        )

    def _wanted(self) -> dict[InstanceKey, Wanted]:
        return {want.key: want for want in wanted(self.desired, self.copies, self.fleet, self.places)}

    def _judge(self, wants: dict[InstanceKey, Wanted]) -> tuple[dict[tuple[str, str, str], Verdict], float | None]:
        """New verdicts, which the desired state has from here on, and when there may be more (epoch seconds)."""
        judging: dict[tuple[str, str, str], list[Wanted]] = defaultdict(list)
        for key, want in wants.items():
            entry = self.desired.businesses[key.business_id]
            asked = want.component.update.failure_action == "rollback"
            if asked and not entry.verdict(key.component_id, want.version):
                judging[key.business_id, key.component_id, want.version].append(want)
        found: dict[tuple[str, str, str], Verdict] = {}
        times = []
        for name, group in judging.items():
            marks = {want.key: want.digest for want in group}
            verdict, time = judged(group[0].component, marks, self.copies, self.now)
            times += [] if time is None else [time]
            entry = self.desired.businesses[name[0]]
            if verdict is not None and (verdict.word == "good" or may_roll_back(entry, name[1], name[2])):
                found[name] = verdict
        self.desired = with_verdicts(self.desired, found)
        return found, min(times, default=None)

    def _keep(self, want: Wanted, copies: list[Copy], moves: list[_Move], updates: list[tuple[Wanted, Copy]]) -> None:
        """Choose the copy that stays; the others stop."""
        if not copies:
            if not self._left_out(want):
                gone = removed_by_hand(want, self.observed.vanished.get(want.key))
                moves.append(_Move(want, f"was removed on {gone.node_id}" if gone else "not running yet"))
            return
        kept = copies[0] if len(copies) == 1 else max(copies, key=lambda copy: self._worth(want, copy))
        if not self._stays(want, kept):
            moves.append(_Move(want, f"node {kept.node_id} is {self._liveness(kept)}"))
        elif not self._admitted(want, kept):
            moves.append(_Move(want, f"node {kept.node_id} no longer meets its affinity", kept))
        elif self._leaves(kept):
            why = f"node {kept.node_id} is draining"
            if self._overdue(kept):
                self._stop(kept, self._late(kept))
            moves.append(_Move(want, why, None if self._overdue(kept) else kept, leaves=True))
        elif want.unresolved:
            self.placements[want.key] = kept.node_id
            self._waits(want, want.unresolved)
        elif kept.digest != want.digest or (looked := self._looked(want, kept)).differs:
            self.placements[want.key] = kept.node_id
            updates.append((want, kept))
        else:
            self.drifted += looked.left
            self.placements[want.key] = kept.node_id
            if self._liveness(kept) is Liveness.READY:
                self._again(want, kept)
            elif self._liveness(kept) is Liveness.LOST:
                why = "is to be kept there" if want.component.on_node_loss else "holds its volumes"
                self._waits(want, f"{kept.node_id} is lost and {why}: waits until it is back")
        for copy in copies:
            if copy is not kept:
                held = self._handover(want, copy, kept.node_id, kept)
                late = self._overdue(copy) and not serves(kept)
                self._stop(copy, self._late(copy) if late else f"surplus: runs on {kept.node_id}", held)

    def _looked(self, want: Wanted, copy: Copy) -> Look:
        """What differs of a copy in the wanted version."""
        entry = self.desired.businesses[want.key.business_id]
        return look(entry, want, copy, self.observed.heals, self.freeze_after)

    def _left_out(self, want: Wanted) -> bool:
        """Whether somebody removed it from a node where it could be, and it is to be left so."""
        entry = self.desired.businesses[want.key.business_id]
        left = None if entry.self_heal else removed_by_hand(want, self.observed.vanished.get(want.key))
        row = None if left is None else self.fleet.row.get(left.node_id)
        if left is None or row is None or self.fleet.liveness[row] is Liveness.LOST or self.fleet.nodes[row].draining:
            return False
        if not self.fleet.admits(want.shape.constraint)[row]:
            return False
        self.placements[want.key] = left.node_id
        self.drifted.append(left)
        return True

    def _worth(self, want: Wanted, copy: Copy) -> tuple[bool, bool, bool, bool, int, bool, str]:
        """What makes one of several copies the one to keep, most important first."""
        stays, admitted, right = self._stays(want, copy), self._admitted(want, copy), copy.digest == want.digest
        return stays, admitted, not self._leaves(copy), right, copy.version, copy.confirmed, copy.node_id

    def _stays(self, want: Wanted, copy: Copy) -> bool:
        """Whether a copy counts where it is: its node answers, or is waited for, as when it holds data."""
        alive = self._liveness(copy)
        if not copy.confirmed:
            return alive is Liveness.READY
        keep = want.component.on_node_loss
        return alive is not Liveness.LOST or (copy.promise.volumes if keep is None else keep == "keep")

    def _leaves(self, copy: Copy) -> bool:
        """Whether the copy's node gives it away; one that holds data there stays."""
        node = self.fleet.nodes[self.fleet.row[copy.node_id]]
        return node.draining and self._liveness(copy) is Liveness.READY and not copy.promise.volumes

    def _overdue(self, copy: Copy) -> bool:
        """Whether the copy's node should have given it away by now."""
        node = self.fleet.nodes[self.fleet.row[copy.node_id]]
        return self._leaves(copy) and node.drain_by is not None and node.drain_by <= self.now

    def _late(self, copy: Copy) -> str:
        return f"node {copy.node_id} is draining and its deadline has passed"

    def _leaving(self) -> set[str]:
        """The nodes that give away what they run, and have time to."""
        ready = (node for row, node in enumerate(self.fleet.nodes) if self.fleet.liveness[row] is Liveness.READY)
        return {node.node_id for node in ready if node.draining and (node.drain_by is None or node.drain_by > self.now)}

    def _liveness(self, copy: Copy) -> Liveness:
        return self.fleet.liveness[self.fleet.row[copy.node_id]]

    def _admitted(self, want: Wanted, copy: Copy) -> bool:
        """Whether the copy's node meets the constraints; its runtime may be away for a while."""
        return meets_but_runtime(self.fleet.nodes[self.fleet.row[copy.node_id]], want.shape.constraint)

    def _handover(self, want: Wanted, old: Copy, node_id: str, new: Copy | None = None) -> str:
        """What the old copy of an instance that moves to another node waits for before it stops, "" for nothing.

        It runs on until the other node has what it takes to start the new one, or until that one runs. The old copy of
        a singleton goes first.
        """
        if want.component.singleton or not serves(old) or self._overdue(old):
            return ""
        if want.component.update.order == "start-first" or self._leaves(old):
            return "" if new is not None and serves(new) else f"waits until it runs on {node_id}"
        there = new is not None and new.confirmed and new.container_id is not None
        return "" if there else f"waits until {node_id} is about to start it"

    def _waits(self, want: Wanted, reason: str) -> None:
        """Nothing can be done for this instance until something happens to its node."""
        self.pending.append(Pending(want.key, (Refusal(0, reason),)))

    def _again(self, want: Wanted, copy: Copy) -> None:
        """Ask once more for what was asked for and has not come, or has ended though it should run."""
        if not copy.confirmed:
            self._act(Kind.CREATE, want, copy.node_id, "not running yet", copy.promise.gpu_devices)
        elif copy.ended and copy.container_id is None:
            self._act(
                Kind.CREATE, want, copy.node_id, f"failed: {copy.message or copy.status}", copy.promise.gpu_devices
            )
        elif copy.ended and want.component.runs_always:
            if not self.desired.businesses[want.key.business_id].self_heal:
                self.drifted.append(status_drift(copy))
                return
            reason = f"has ended: {copy.message or copy.status}"
            self._act(Kind.UPDATE, want, copy.node_id, reason, copy.promise.gpu_devices, copy.digest)

    def _act(
        self, kind: Kind, want: Wanted, node_id: str, reason: str, devices: tuple[int, ...], old: str = ""
    ) -> None:
        fetch = self.fleet.stock.fetch(want.shape.image, self.fleet.row[node_id])
        self.actions.append(
            Action(kind, want.key, node_id, reason, want.component, want.digest, old, gpu_devices=devices, fetch=fetch)
        )

    def _stop(self, copy: Copy, reason: str, held: str = "") -> None:
        """Stop a copy; one whose node does not answer goes when the node is back."""
        if self._liveness(copy) is not Liveness.READY:
            return
        self.actions.append(Action(Kind.STOP, copy.key, copy.node_id, reason, old_digest=copy.digest, held=held))
        self.releases.all_of(copy)

    def _update(self, updates: list[tuple[Wanted, Copy]]) -> list[_Move]:
        """Update in place what fits where it is, as long as that makes room for more; the rest has to move."""
        while True:
            waiting = [(want, copy) for want, copy in updates if not self._updated(want, copy)]
            if len(waiting) in (0, len(updates)):
                break
            updates = waiting
        moves = []
        for want, copy in waiting:
            if self._liveness(copy) is not Liveness.READY:
                self._waits(want, f"{copy.node_id} is {self._liveness(copy)}: updated when it answers")
            else:
                beside = " beside the old one" if want.component.update.order == "start-first" else ""
                why = f"node {copy.node_id} has no room for the new version{beside}"
                moves.append(_Move(want, why, copy, pinned=copy.promise.volumes))
        return moves

    def _updated(self, want: Wanted, copy: Copy) -> bool:
        """Update in place if the node answers and the new version fits in the place of the old."""
        row = self.fleet.row[copy.node_id]
        if self._liveness(copy) is not Liveness.READY:
            return False
        beside = want.component.update.order == "start-first" and serves(copy)
        if not beside:
            self.fleet.release(row, copy.promise)
        if not self.fleet.fits(row, want.shape):
            if not beside:
                self.fleet.hold(row, copy.promise)
            return False
        placement = promise(self.fleet, row, want.shape, keep=copy.promise.gpu_devices)
        if not beside:
            self.releases.difference(copy, want.shape, placement.gpu_devices)
        if want.shape.peers:
            self.fleet.add_peer(*want.shape.peers, row, -1)
        if want.digest == copy.digest:
            looked = self._looked(want, copy)
            self.drifted += looked.left
        else:
            entry = self.desired.businesses[want.key.business_id]
            looked = Look(*why_update(entry, want, copy, self.resolutions))
        self.actions.append(
            Action(
                Kind.UPDATE,
                want.key,
                copy.node_id,
                looked.reason,
                want.component,
                want.digest,
                copy.digest,
                placement.gpu_devices,
                looked.changes,
                live=looked.live,
                heals=looked.heals,
                fetch=None if looked.live else self.fleet.stock.fetch(want.shape.image, row),
            )
        )
        return True

    def _place(self, moves: list[_Move]) -> None:
        """Give each its node; a move frees the node it leaves, which may be what another waits for."""
        freed = True
        while moves and freed:
            left = [move for move in moves if not self._stays_after_all(move)]
            freed = len(left) < len(moves)
            placed = place((Request(move.want.key, move.want.shape) for move in left if not move.pinned), self.fleet)
            moves = [move for move in left if move.want.key not in placed]
            for move in left:
                if move.want.key in placed:
                    freed |= self._placed(move, placed[move.want.key])
        for move in moves:
            self._unplaced(move)

    def _unplaced(self, move: _Move) -> None:
        """Say why it has no node; what runs of it stays where it is."""
        if move.old is not None:
            self.placements[move.want.key] = move.old.node_id
            if move.pinned:
                self._waits(move.want, f"{move.old.node_id} holds its volumes and has no room for the new version")
                return
        shape = self.fleet.stock.weighed(move.want.shape)
        if shape not in self.refusals:
            self.refusals[shape] = refusals(shape, self.fleet)
        self.pending.append(Pending(move.want.key, self.refusals[shape]))

    def _stays_after_all(self, move: _Move) -> bool:
        """Update in place what had to move for want of room, once what left its node has made the room."""
        if move.old is None or move.leaves:
            return False
        return self._admitted(move.want, move.old) and self._updated(move.want, move.old)

    def _placed(self, move: _Move, placement: Placement) -> bool:
        """Create it on its node and stop the copy it replaces; whether that freed anything."""
        node_id = self.fleet.nodes[placement.row].node_id
        self.placements[move.want.key] = node_id
        if move.want.unresolved:
            self._waits(move.want, move.want.unresolved)
            return False
        self._act(Kind.CREATE, move.want, node_id, move.reason, placement.gpu_devices)
        if move.old is None:
            return False
        self._stop(move.old, f"moves to {node_id}: {move.reason}", self._handover(move.want, move.old, node_id))
        return True

    def _alone(self, action: Action) -> Action:
        """The action, held while a singleton may run on another node than it is to start on."""
        if action.component is None or not action.component.singleton:
            return action
        others = sorted(
            copy.node_id
            for copy in self.observed.copies
            if copy.key == action.key and copy.node_id in self.fleet.row and copy.node_id != action.node_id
            if self._liveness(copy) is not Liveness.LOST
        )
        return replace(action, held=f"waits until {others[0]} has ended it") if others else action

    def _timed(self, action: Action) -> Action:
        """The action, waiting for what must go before it has its room."""
        waits_for = self.releases.needed_by(action)
        return replace(action, waits_for=waits_for) if waits_for else action

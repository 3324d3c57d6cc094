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
from reconciler.plan.model.blockers import SingletonElsewhere, SuccessorNotReady, SuccessorNotRunning
from reconciler.plan.model.desired import Desired, VersionResult
from reconciler.plan.model.observed import Allocation, NodeHealth, Observed
from reconciler.plan.model.plan import Action, Drifted, Kind, Pending, Plan, Refusal
from reconciler.plan.model.policy import Policy
from reconciler.plan.model.reasons import (
    NOT_RUNNING,
    AffinityUnmet,
    Ended,
    Failed,
    Moves,
    NodeDrained,
    NodeSilent,
    NoRoomInPlace,
    Reason,
    RemovedByHand,
    Surplus,
)
from reconciler.plan.model.stays import LostNodeAwaited, UpdateAwaitsNode, VolumesNeedRoom
from reconciler.plan.proof.stability import settled
from reconciler.plan.reconcile.drift import Look, look, removed_by_hand, status_drift
from reconciler.plan.reconcile.unknowns import unknowns
from reconciler.plan.schedule.filters import refusals
from reconciler.plan.schedule.fleet import Fleet, meets_but_runtime
from reconciler.plan.schedule.place import Placement, Request, place, reservation
from reconciler.plan.schedule.reservations import Releases, break_wait_cycles
from reconciler.plan.schedule.shape import Shape
from reconciler.plan.wants.past_references import Resolutions
from reconciler.plan.wants.progress import serves
from reconciler.plan.wants.references import Places
from reconciler.plan.wants.versions import judged, may_roll_back, with_verdicts
from reconciler.plan.wants.wanted import DesiredInstance, wanted, why_unwanted, why_update
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

    want: DesiredInstance
    reason: Reason
    old: Allocation | None = None
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
        self.allocations: dict[InstanceKey, list[Allocation]] = defaultdict(list)
        for allocation in observed.allocations:
            row = self.fleet.row.get(allocation.node_id)
            if row is not None:
                if only is None or allocation.key.business_id in only:
                    self.allocations[allocation.key].append(allocation)
                self.fleet.hold(row, allocation.reservation)
                self.fleet.add_peer(allocation.key.business_id, allocation.key.component_id, row)

    def result(self) -> Plan:
        """Keep, stop, update in place, and place, in this order."""
        moves: list[_Move] = []
        updates: list[tuple[DesiredInstance, Allocation]] = []
        wants = self._wanted()
        verdicts, look_again = self._judge(wants)
        if any(verdict.word == "rejected" for verdict in verdicts.values()):
            wants = self._wanted()
        for want in wants.values():
            self._keep(want, self.allocations.pop(want.key, []), moves, updates)
        for allocations in self.allocations.values():
            for allocation in allocations:
                self._stop(allocation, why_unwanted(self.desired, allocation, self.observed.nodes[allocation.node_id]))
        moves += self._update(sorted(updates, key=lambda pair: pair[0].key))
        self._place(moves)
        actions = break_wait_cycles([self._alone(self._timed(action)) for action in self.actions])
        pace = paced(self.desired, wants, self.observed.allocations, actions, self.now)
        moving = drains.paced(wants, self.observed.allocations, actions, self._leaving())
        order = held(self.desired, wants, self.observed.allocations, actions, self.placements, self.now)
        between = businesses.held(self.desired, wants, self.observed.allocations, actions, self.placements)
        waits = moving | pace.blocked | order.blocked
        if waits or between:
            actions = [
                replace(action, blocked_by=between.get(place) or action.blocked_by or waits.get(place))
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
            unknowns=unknowns(self.fleet, self.observed.allocations, self.placements, actions),
            drifted=tuple(sorted(self.drifted, key=lambda left: (left.key, left.node_id, left.changes[0].field))),
        )

    def _wanted(self) -> dict[InstanceKey, DesiredInstance]:
        return {want.key: want for want in wanted(self.desired, self.allocations, self.fleet, self.places)}

    def _judge(
        self, wants: dict[InstanceKey, DesiredInstance]
    ) -> tuple[dict[tuple[str, str, str], VersionResult], float | None]:
        """New verdicts, which the desired state has from here on, and when there may be more (epoch seconds)."""
        judging: dict[tuple[str, str, str], list[DesiredInstance]] = defaultdict(list)
        for key, want in wants.items():
            entry = self.desired.businesses[key.business_id]
            asked = want.component.update.failure_action == "rollback"
            if asked and not entry.verdict(key.component_id, want.version):
                judging[key.business_id, key.component_id, want.version].append(want)
        found: dict[tuple[str, str, str], VersionResult] = {}
        times = []
        for name, group in judging.items():
            marks = {want.key: want.digest for want in group}
            verdict, time = judged(group[0].component, marks, self.allocations, self.now)
            times += [] if time is None else [time]
            entry = self.desired.businesses[name[0]]
            if verdict is not None and (verdict.word == "good" or may_roll_back(entry, name[1], name[2])):
                found[name] = verdict
        self.desired = with_verdicts(self.desired, found)
        return found, min(times, default=None)

    def _keep(
        self,
        want: DesiredInstance,
        allocations: list[Allocation],
        moves: list[_Move],
        updates: list[tuple[DesiredInstance, Allocation]],
    ) -> None:
        """Choose the copy that stays; the others stop."""
        if not allocations:
            if not self._left_out(want):
                gone = removed_by_hand(want, self.observed.vanished.get(want.key))
                moves.append(_Move(want, RemovedByHand(gone.node_id) if gone else NOT_RUNNING))
            return
        kept = (
            allocations[0]
            if len(allocations) == 1
            else max(allocations, key=lambda allocation: self._worth(want, allocation))
        )
        if not self._stays(want, kept):
            moves.append(_Move(want, NodeSilent(kept.node_id, self._liveness(kept))))
        elif not self._admitted(want, kept):
            moves.append(_Move(want, AffinityUnmet(kept.node_id), kept))
        elif self._leaves(kept):
            why = NodeDrained(kept.node_id)
            if self._overdue(kept):
                self._stop(kept, self._late(kept))
            moves.append(_Move(want, why, None if self._overdue(kept) else kept, leaves=True))
        elif want.unresolved is not None:
            self.placements[want.key] = kept.node_id
            self._waits(want, want.unresolved)
        elif kept.digest != want.digest or (looked := self._looked(want, kept)).differs:
            self.placements[want.key] = kept.node_id
            updates.append((want, kept))
        else:
            self.drifted += looked.left
            self.placements[want.key] = kept.node_id
            if self._liveness(kept) is NodeHealth.READY:
                self._again(want, kept)
            elif self._liveness(kept) is NodeHealth.LOST:
                self._waits(want, LostNodeAwaited(kept.node_id, volumes=want.component.on_node_loss is None))
        for allocation in allocations:
            if allocation is not kept:
                held = self._handover(want, allocation, kept.node_id, kept)
                late = self._overdue(allocation) and not serves(kept)
                self._stop(allocation, self._late(allocation) if late else Surplus(kept.node_id), held)

    def _looked(self, want: DesiredInstance, allocation: Allocation) -> Look:
        """What differs of a copy in the wanted version."""
        entry = self.desired.businesses[want.key.business_id]
        return look(entry, want, allocation, self.observed.heals, self.freeze_after)

    def _left_out(self, want: DesiredInstance) -> bool:
        """Whether somebody removed it from a node where it could be, and it is to be left so."""
        entry = self.desired.businesses[want.key.business_id]
        left = None if entry.self_heal else removed_by_hand(want, self.observed.vanished.get(want.key))
        row = None if left is None else self.fleet.row.get(left.node_id)
        if (
            left is None
            or row is None
            or self.fleet.node_health[row] is NodeHealth.LOST
            or self.fleet.nodes[row].draining
        ):
            return False
        if not self.fleet.admits(want.shape.constraint)[row]:
            return False
        self.placements[want.key] = left.node_id
        self.drifted.append(left)
        return True

    def _worth(self, want: DesiredInstance, allocation: Allocation) -> tuple[bool, bool, bool, bool, int, bool, str]:
        """What makes one of several copies the one to keep, most important first."""
        stays, admitted, right = (
            self._stays(want, allocation),
            self._admitted(want, allocation),
            allocation.digest == want.digest,
        )
        return (
            stays,
            admitted,
            not self._leaves(allocation),
            right,
            allocation.version,
            allocation.confirmed,
            allocation.node_id,
        )

    def _stays(self, want: DesiredInstance, allocation: Allocation) -> bool:
        """Whether a copy counts where it is: its node answers, or is waited for, as when it holds data."""
        alive = self._liveness(allocation)
        if not allocation.confirmed:
            return alive is NodeHealth.READY
        keep = want.component.on_node_loss
        return alive is not NodeHealth.LOST or (allocation.reservation.volumes if keep is None else keep == "keep")

    def _leaves(self, allocation: Allocation) -> bool:
        """Whether the copy's node gives it away; one that holds data there stays."""
        node = self.fleet.nodes[self.fleet.row[allocation.node_id]]
        return node.draining and self._liveness(allocation) is NodeHealth.READY and not allocation.reservation.volumes

    def _overdue(self, allocation: Allocation) -> bool:
        """Whether the copy's node should have given it away by now."""
        node = self.fleet.nodes[self.fleet.row[allocation.node_id]]
        return self._leaves(allocation) and node.drain_by is not None and node.drain_by <= self.now

    def _late(self, allocation: Allocation) -> Reason:
        return NodeDrained(allocation.node_id, overdue=True)

    def _leaving(self) -> set[str]:
        """The nodes that give away what they run, and have time to."""
        ready = (node for row, node in enumerate(self.fleet.nodes) if self.fleet.node_health[row] is NodeHealth.READY)
        return {node.node_id for node in ready if node.draining and (node.drain_by is None or node.drain_by > self.now)}

    def _liveness(self, allocation: Allocation) -> NodeHealth:
        return self.fleet.node_health[self.fleet.row[allocation.node_id]]

    def _admitted(self, want: DesiredInstance, allocation: Allocation) -> bool:
        """Whether the copy's node meets the constraints; its runtime may be away for a while."""
        return meets_but_runtime(self.fleet.nodes[self.fleet.row[allocation.node_id]], want.shape.constraint)

    def _handover(
        self, want: DesiredInstance, old: Allocation, node_id: str, new: Allocation | None = None
    ) -> Reason | None:
        """What the old copy of an instance that moves to another node waits for before it stops, None for nothing.

        It runs on until the other node has what it takes to start the new one, or until that one runs. The old copy of
        a singleton goes first.
        """
        if want.component.singleton or not serves(old) or self._overdue(old):
            return None
        if want.component.update.order == "start-first" or self._leaves(old):
            return None if new is not None and serves(new) else SuccessorNotRunning(node_id)
        there = new is not None and new.confirmed and new.container_id is not None
        return None if there else SuccessorNotReady(node_id)

    def _waits(self, want: DesiredInstance, reason: Reason) -> None:
        """Nothing can be done for this instance until something happens to its node."""
        self.pending.append(Pending(want.key, (Refusal(0, reason),)))

    def _again(self, want: DesiredInstance, allocation: Allocation) -> None:
        """Ask once more for what was asked for and has not come, or has ended though it should run."""
        if not allocation.confirmed:
            self._act(Kind.CREATE, want, allocation.node_id, NOT_RUNNING, allocation.reservation.gpu_devices)
        elif allocation.ended and allocation.container_id is None:
            self._act(
                Kind.CREATE,
                want,
                allocation.node_id,
                Failed(allocation.message or str(allocation.status)),
                allocation.reservation.gpu_devices,
            )
        elif allocation.ended and want.component.runs_always:
            if not self.desired.businesses[want.key.business_id].self_heal:
                self.drifted.append(status_drift(allocation))
                return
            reason = Ended(allocation.message or str(allocation.status))
            self._act(
                Kind.UPDATE, want, allocation.node_id, reason, allocation.reservation.gpu_devices, allocation.digest
            )

    def _act(
        self, kind: Kind, want: DesiredInstance, node_id: str, reason: Reason, devices: tuple[int, ...], old: str = ""
    ) -> None:
        fetch = self.fleet.stock.fetch(want.shape.image, self.fleet.row[node_id])
        self.actions.append(
            Action(kind, want.key, node_id, reason, want.component, want.digest, old, gpu_devices=devices, fetch=fetch)
        )

    def _stop(self, allocation: Allocation, reason: Reason, blocked_by: Reason | None = None) -> None:
        """Stop a copy; one whose node does not answer goes when the node is back."""
        if self._liveness(allocation) is not NodeHealth.READY:
            return
        self.actions.append(
            Action(
                Kind.STOP,
                allocation.key,
                allocation.node_id,
                reason,
                old_digest=allocation.digest,
                blocked_by=blocked_by,
            )
        )
        self.releases.all_of(allocation)

    def _update(self, updates: list[tuple[DesiredInstance, Allocation]]) -> list[_Move]:
        """Update in place what fits where it is, as long as that makes room for more; the rest has to move."""
        while True:
            waiting = [(want, allocation) for want, allocation in updates if not self._updated(want, allocation)]
            if len(waiting) in (0, len(updates)):
                break
            updates = waiting
        moves = []
        for want, allocation in waiting:
            if self._liveness(allocation) is not NodeHealth.READY:
                self._waits(want, UpdateAwaitsNode(allocation.node_id, self._liveness(allocation)))
            else:
                why = NoRoomInPlace(allocation.node_id, beside=want.component.update.order == "start-first")
                moves.append(_Move(want, why, allocation, pinned=allocation.reservation.volumes))
        return moves

    def _updated(self, want: DesiredInstance, allocation: Allocation) -> bool:
        """Update in place if the node answers and the new version fits in the place of the old."""
        row = self.fleet.row[allocation.node_id]
        if self._liveness(allocation) is not NodeHealth.READY:
            return False
        beside = want.component.update.order == "start-first" and serves(allocation)
        if not beside:
            self.fleet.release(row, allocation.reservation)
        if not self.fleet.fits(row, want.shape):
            if not beside:
                self.fleet.hold(row, allocation.reservation)
            return False
        placement = reservation(self.fleet, row, want.shape, keep=allocation.reservation.gpu_devices)
        if not beside:
            self.releases.difference(allocation, want.shape, placement.gpu_devices)
        if want.shape.peers:
            self.fleet.add_peer(*want.shape.peers, row, -1)
        if want.digest == allocation.digest:
            looked = self._looked(want, allocation)
            self.drifted += looked.left
        else:
            entry = self.desired.businesses[want.key.business_id]
            looked = Look(*why_update(entry, want, allocation, self.resolutions))
        self.actions.append(
            Action(
                Kind.UPDATE,
                want.key,
                allocation.node_id,
                looked.reason,
                want.component,
                want.digest,
                allocation.digest,
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
                self._waits(move.want, VolumesNeedRoom(move.old.node_id))
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
        if move.want.unresolved is not None:
            self._waits(move.want, move.want.unresolved)
            return False
        self._act(Kind.CREATE, move.want, node_id, move.reason, placement.gpu_devices)
        if move.old is None:
            return False
        self._stop(move.old, Moves(node_id, move.reason), self._handover(move.want, move.old, node_id))
        return True

    def _alone(self, action: Action) -> Action:
        """The action, held while a singleton may run on another node than it is to start on."""
        if action.component is None or not action.component.singleton:
            return action
        others = sorted(
            allocation.node_id
            for allocation in self.observed.allocations
            if allocation.key == action.key
            and allocation.node_id in self.fleet.row
            and allocation.node_id != action.node_id
            if self._liveness(allocation) is not NodeHealth.LOST
        )
        return replace(action, blocked_by=SingletonElsewhere(others[0])) if others else action

    def _timed(self, action: Action) -> Action:
        """The action, waiting for what must go before it has its room."""
        waits_for = self.releases.needed_by(action)
        return replace(action, waits_for=waits_for) if waits_for else action

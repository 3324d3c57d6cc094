"""The public form of a plan: what the API and `diff -o json` give, what is saved, kept and hashed.

It depends on the plan and the desired state alone, holds no secret, and says nothing of when it was made, so the same
state gives the same bytes wherever the plan is computed. What a preview says beside it is not hashed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from reconciler.manifest.errors import Problem
from reconciler.manifest.references import dependencies
from reconciler.manifest.secrets.redact import without_password
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.plan import Action, Change, Drifted, Kind, Pending, Plan, Refusal
from reconciler.plan.show.fields import (
    FORMAT,
    ActionFields,
    ChangeFields,
    DeferredFields,
    DriftedFields,
    PendingFields,
    PlanDocument,
    PreviewDocument,
    ProblemFields,
    RefusalFields,
    SummaryFields,
)
from reconciler.plan.show.format import format_of
from reconciler.plan.show.hash import plan_hash
from reconciler.plan.show.transfers import downloads, fetches, unknowns
from reconciler.wire.messages import InstanceKey, reservation_of


class DocumentError(Exception):
    """Something is no plan's document that this version reads; it says why, and what to do."""


def document(plan: Plan, desired: Desired) -> PlanDocument:
    """Write a plan down, with its hash. `desired` is what the plan is for."""
    counts = Counter(action.kind for action in plan.actions)
    stays = staying(plan)
    found = PlanDocument(
        format=str(FORMAT),
        actions=tuple(_action(action, plan, desired) for action in plan.actions),
        pending=tuple(_pending(pending) for pending in plan.pending),
        drifted=tuple(_drifted(left) for left in plan.drifted),
        stays={str(key): node_id for key, node_id in stays.items()},
        unchanged=len(stays),
        summary=SummaryFields(
            create=counts[Kind.CREATE],
            update=counts[Kind.UPDATE],
            stop=counts[Kind.STOP],
            pending=len(plan.pending),
        ),
        hash="",
    )
    return msgspec.structs.replace(found, hash=plan_hash(found))


def preview_document(
    plan: Plan,
    desired: Desired,
    at: float,
    problems: Iterable[Problem] = (),
    prune_blocked: str = "",
    deferred: Sequence[DeferredFields] = (),
) -> PreviewDocument:
    """Write a plan down with what stands beside it at `at` (seconds since the epoch)."""
    return PreviewDocument(
        **msgspec.structs.asdict(document(plan, desired)),
        problems=tuple(map(_problem, problems)),
        prune_blocked=prune_blocked or None,
        deferred=tuple(deferred),
        fetches=fetches(plan),
        downloads=downloads(plan),
        unknowns=unknowns(plan, at),
    )


def alone(document: PlanDocument) -> PreviewDocument:
    """Give a plan's document with nothing beside it."""
    return PreviewDocument(**msgspec.structs.asdict(document))


def read_preview(form: Any, name: str) -> PreviewDocument:
    """Read a plan's document in decoded JSON, with what stands beside it, if anything does.

    `name` says whose it is, for errors. Raises DocumentError.
    """
    found = format_of(form)
    if found != FORMAT:
        raise DocumentError(
            f"{name} is of the format {found or 'none'}, and this version reads {FORMAT}: "
            "use the command of the manager's version"
        )
    try:
        return msgspec.convert(form, PreviewDocument)
    except msgspec.ValidationError as error:
        raise DocumentError(f"{name} is damaged: {error}: ask for it anew") from None


def staying(plan: Plan) -> dict[InstanceKey, str]:
    """List the instances that have a place and about which nothing is done there, with their nodes, sorted."""
    busy = {action.key for action in plan.actions if action.kind is not Kind.STOP}
    busy |= {pending.key for pending in plan.pending}
    return {key: node_id for key, node_id in sorted(plan.placements.items()) if key not in busy}


def affected(action: Action, desired: Desired) -> tuple[str, ...]:
    """List the other components of the business that depend on, or refer to, the one that an action is about."""
    entry = desired.businesses.get(action.key.business_id)
    components = entry.business.components if entry is not None else ()
    own = action.key.component_id
    return tuple(sorted(one.component_id for one in components if one.component_id != own and own in dependencies(one)))


def change_fields(changes: Iterable[Change]) -> tuple[ChangeFields, ...]:
    """Write down fields that differ."""
    return tuple(ChangeFields(field=change.field, old=change.old, new=change.new) for change in changes)


def _action(action: Action, plan: Plan, desired: Desired) -> ActionFields:
    entry = desired.businesses.get(action.key.business_id)
    interrupts = plan.interrupts(action)
    return ActionFields(
        kind=action.kind,
        business_id=action.key.business_id,
        component_id=action.key.component_id,
        instance=action.key.instance,
        node_id=action.node_id,
        reason=without_password(str(action.reason)),
        reason_code=action.reason.code,
        changes=change_fields(action.changes),
        waits_for=tuple(map(str, action.waits_for)),
        blocked_by=without_password(str(action.blocked_by)) if action.blocked_by else None,
        blocked_by_code=action.blocked_by.code if action.blocked_by else None,
        exceeds=action.exceeds,  # type: ignore[arg-type]
        live=action.live,
        interrupts=interrupts,
        affects=affected(action, desired) if interrupts else (),
        gpu_devices=action.gpu_devices,
        host_ports=reservation_of(action.component).host_ports if action.component else (),
        digest=action.digest or None,
        old_digest=action.old_digest or None,
        source=entry.source if entry else None,
    )


def _drifted(left: Drifted) -> DriftedFields:
    return DriftedFields(
        business_id=left.key.business_id,
        component_id=left.key.component_id,
        instance=left.key.instance,
        node_id=left.node_id,
        changes=change_fields(left.changes),
        why_left=str(left.why_left),
        why_left_code=left.why_left.code,
    )


def _pending(pending: Pending) -> PendingFields:
    return PendingFields(
        business_id=pending.key.business_id,
        component_id=pending.key.component_id,
        instance=pending.key.instance,
        reason=without_password(str(pending)),
        reason_code=pending.reason.code,
        refusals=tuple(map(_refusal, pending.refusals)),
    )


def _refusal(refusal: Refusal) -> RefusalFields:
    return RefusalFields(
        nodes=refusal.nodes, reason=without_password(str(refusal.reason)), reason_code=refusal.reason.code
    )


def _problem(problem: Problem) -> ProblemFields:
    return ProblemFields(file=problem.file, line=problem.line, path=problem.path, message=problem.message)

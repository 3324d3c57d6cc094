"""The public form of a plan: what the API and `diff -o json` give, what is saved, kept and hashed.

It depends on the plan and the desired state alone, holds no secret, and says nothing of when it was made, so the same
state gives the same bytes wherever the plan is computed. `schemas/plan.schema.json` describes it.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from reconciler.manifest.references import dependencies
from reconciler.manifest.secrets.redact import without_password
from reconciler.plan.ask.explain import Explanation
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.plan import Action, Drifted, Kind, Pending, Plan
from reconciler.plan.show.hash import plan_hash
from reconciler.wire.messages import InstanceKey, reservation_of

FORMAT = "reconciler.plan/1"

Form = dict[str, Any]


def document(plan: Plan, desired: Desired) -> Form:
    """A plan as JSON-able data, with its hash. `desired` is what the plan is for."""
    counts = Counter(action.kind.value for action in plan.actions)
    stays = staying(plan)
    found: Form = {
        "format": FORMAT,
        "actions": [_action(action, plan, desired) for action in plan.actions],
        "pending": [_pending(pending) for pending in plan.pending],
        "drifted": [_drifted(left) for left in plan.drifted],
        "stays": {str(key): node_id for key, node_id in stays.items()},
        "unchanged": len(stays),
        "summary": {kind: counts[kind] for kind in ("create", "update", "stop")} | {"pending": len(plan.pending)},
    }
    return found | {"hash": plan_hash(found)}


def staying(plan: Plan) -> dict[InstanceKey, str]:
    """The instances that have a place and about which nothing is done there, with their nodes, sorted."""
    busy = {action.key for action in plan.actions if action.kind is not Kind.STOP}
    busy |= {pending.key for pending in plan.pending}
    return {key: node_id for key, node_id in sorted(plan.placements.items()) if key not in busy}


def affected(action: Action, desired: Desired) -> list[str]:
    """The other components of the business that depend on, or refer to, the one that an action is about."""
    entry = desired.businesses.get(action.key.business_id)
    if entry is None:
        return []
    return sorted(
        component.component_id
        for component in entry.business.components
        if component.component_id != action.key.component_id and action.key.component_id in dependencies(component)
    )


def explanation_form(explanation: Explanation) -> Form:
    """How an instance stands with every node."""
    key = explanation.key
    return {
        "business_id": key.business_id,
        "component_id": key.component_id,
        "instance": key.instance,
        "node_id": explanation.node_id,
        "reason": explanation.reason,
        "remedy": explanation.remedy,
        "situations": [
            {
                "nodes": list(situation.nodes),
                "fits": not situation.obstacles,
                "obstacles": list(situation.obstacles),
                "score": situation.score and {"total": situation.score.total} | situation.score._asdict(),
            }
            for situation in explanation.situations
        ],
    }


def survival_form(found: Mapping[str, Mapping[InstanceKey, str]]) -> list[Form]:
    """What each loss would leave without a place."""
    return [
        {"lost": name, "homeless": {str(key): why for key, why in homeless.items()}} for name, homeless in found.items()
    ]


def _name(key: InstanceKey) -> Form:
    return {"business_id": key.business_id, "component_id": key.component_id, "instance": key.instance}


def _action(action: Action, plan: Plan, desired: Desired) -> Form:
    entry = desired.businesses.get(action.key.business_id)
    interrupts = plan.interrupts(action)
    return {
        "kind": action.kind.value,
        **_name(action.key),
        "node_id": action.node_id,
        "reason": without_password(str(action.reason)),
        "reason_code": action.reason.code,
        "changes": [{"field": item.field, "old": item.old, "new": item.new} for item in action.changes],
        "waits_for": [str(key) for key in action.waits_for],
        "blocked_by": without_password(str(action.blocked_by)) if action.blocked_by else None,
        "blocked_by_code": action.blocked_by.code if action.blocked_by else None,
        "exceeds": list(action.exceeds),
        "live": action.live,
        "interrupts": interrupts,
        "affects": affected(action, desired) if interrupts else [],
        "gpu_devices": list(action.gpu_devices),
        "host_ports": list(reservation_of(action.component).host_ports) if action.component else [],
        "digest": action.digest or None,
        "old_digest": action.old_digest or None,
        "source": entry.source if entry else None,
    }


def _drifted(left: Drifted) -> Form:
    return {
        **_name(left.key),
        "node_id": left.node_id,
        "changes": [{"field": item.field, "old": item.old, "new": item.new} for item in left.changes],
        "why_left": str(left.why_left),
        "why_left_code": left.why_left.code,
    }


def _pending(pending: Pending) -> Form:
    return {
        **_name(pending.key),
        "reason": without_password(str(pending)),
        "reason_code": pending.reason.code,
        "refusals": [
            {"nodes": item.nodes, "reason": without_password(str(item.reason)), "reason_code": item.reason.code}
            for item in pending.refusals
        ],
    }

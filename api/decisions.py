"""Kept decisions, and why something was done."""

import msgspec
from flask import Blueprint, Response, jsonify, request

from api.events import event_form
from api.forms import commit_form
from api.queries import number
from api.replies import Form, Reply, failure, iso
from reconciler.control.ask.why import Why, why
from reconciler.control.manager import Manager
from reconciler.plan.ask.answers import explanation_form
from reconciler.plan.ask.status import InstanceStatus
from reconciler.plan.model.desired import DesiredBusiness
from reconciler.store.tables.decisions import DECISIONS_MAX, Decision


def decision_routes(manager: Manager) -> Blueprint:
    """Make the routes of `/api/decisions`, `/api/decisions/HASH` and `/api/why`."""
    routes = Blueprint("decisions", __name__)

    @routes.get("/api/decisions")
    def decisions() -> Reply:
        limit = number("limit", DECISIONS_MAX, DECISIONS_MAX)
        return jsonify([_decision_form(decision) for decision in manager.decisions.newest(limit)])

    @routes.get("/api/decisions/<plan_hash>")
    def decision(plan_hash: str) -> Reply:
        chosen = number("id", 0) or None
        return Response(manager.decisions.read(plan_hash, chosen), mimetype="application/json")

    @routes.get("/api/why")
    def explained() -> Reply:
        target = request.args.get("of", "")
        if not 0 < len(target) <= 300:
            return failure(422, "of: name what is asked about, such as shop/web/0")
        return jsonify(_why_form(why(target, manager.events, manager.decisions, manager.view())))

    return routes


def _decision_form(decision: Decision) -> Form:
    return {
        "id": decision.id,
        "at": iso(decision.at),
        "hash": decision.plan_hash,
        "version": decision.version,
        "actions": decision.actions,
    }


def _why_form(found: Why) -> Form:
    return {
        "instance": str(found.key),
        "cause": found.event.cause or None,
        "desired": _desired_form(found.entry) if found.entry else None,
        "event": event_form(found.event),
        "decision": _decision_form(found.decision) if found.decision else None,
        "action": msgspec.to_builtins(found.action),
        "pending": msgspec.to_builtins(found.pending),
        "explanation": explanation_form(found.explanation) if found.explanation else None,
        "after": [event_form(event) for event in found.after],
        "now": _now_form(found.now) if found.now else None,
    }


def _desired_form(entry: DesiredBusiness) -> Form:
    return {
        "source": entry.source,
        "revision": entry.revision,
        "commit": commit_form(entry.commit),
        "stopped": entry.stopped,
    }


def _now_form(now: InstanceStatus) -> Form:
    return {
        "status": now.status,
        "node_id": now.node_id,
        "container_id": now.container_id,
        "message": now.message,
        "started_at": iso(now.started_at),
    }

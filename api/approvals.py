"""What waits for a yes because it is beyond a limit, and the yes."""

from flask import Blueprint, jsonify

from api.replies import Form, Reply, who
from api.requests import read_business_ids
from reconciler.control.loop.approvals import PendingApproval
from reconciler.control.manager import Manager
from reconciler.plan.model.blockers import ApprovalNeeded


def approval_routes(manager: Manager) -> Blueprint:
    """Make the routes of `/api/approvals` and `/api/plans/HASH/approve`."""
    routes = Blueprint("approvals", __name__)

    @routes.get("/api/approvals")
    def pending() -> Reply:
        return jsonify(pending_form(manager.approvals.pending()))

    @routes.post("/api/approvals")
    def approve_own() -> Reply:
        left = manager.approvals.approve_own(read_business_ids(), who())
        return jsonify({"status": "success"} | pending_form(left))

    @routes.post("/api/plans/<plan_hash>/approve")
    def approve(plan_hash: str) -> Reply:
        approved = manager.approvals.approve(plan_hash, who())
        count = len(approved.actions)
        form = pending_form(approved)
        return jsonify(
            {
                "status": "success",
                "message": f"{count} {'stop' if count == 1 else 'stops'} approved",
                "hash": form["hash"],
                "approved": form["pending"],
            }
        )

    return routes


def pending_form(pending: PendingApproval) -> Form:
    """Show what waits for an approval, and the hash of the plan whose approval lets it pass."""
    return {
        "hash": pending.plan_hash,
        "pending": [
            {
                "business_id": action.key.business_id,
                "component_id": action.key.component_id,
                "instance": action.key.instance,
                "node_id": action.node_id,
                "reason": str(action.reason),
                "reason_code": action.reason.code,
                "blocked_by": str(action.blocked_by),
                "limits": action.blocked_by.limits if isinstance(action.blocked_by, ApprovalNeeded) else "",
                "exceeds": list(action.exceeds),
            }
            for action in pending.actions
        ],
    }

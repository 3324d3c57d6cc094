"""The manager's Flask app: routes, guard and errors put together."""

from flask import Flask, Response, render_template

from api.approvals import approval_routes
from api.businesses import business_routes
from api.components import component_routes
from api.decisions import decision_routes
from api.drift import drift_routes
from api.errors import register_errors
from api.events import event_routes
from api.guard import register_guard
from api.health import health_routes
from api.history import history_routes
from api.hooks import hook_routes
from api.nodes import node_routes
from api.operations import operation_routes
from api.plans import plan_routes
from api.reports import report_routes
from api.saved import saved_routes
from api.sources import source_routes
from reconciler.control.manager import Manager

ROUTES = (
    business_routes,
    operation_routes,
    component_routes,
    drift_routes,
    history_routes,
    node_routes,
    report_routes,
    event_routes,
    plan_routes,
    approval_routes,
    saved_routes,
    decision_routes,
    source_routes,
    health_routes,
)
"""The resources, each with its routes."""


def build_app(manager: Manager, token: str | None, hook_secret: str | None = None) -> Flask:
    """Make the app of one manager; it holds no state of its own. `hook_secret` lets forges tell of pushes."""
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    register_guard(app, token)
    register_errors(app)
    for routes in ROUTES:
        app.register_blueprint(routes(manager))
    app.register_blueprint(hook_routes(manager, hook_secret))

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.get("/")
    def dashboard() -> str:
        return render_template("dashboard.html", needs_token=token is not None)

    return app

"""The manager's Flask app: routes, guard and errors put together."""

from flask import Flask, Response, render_template

from api.approvals import approval_routes
from api.businesses import business_routes
from api.decisions import decision_routes
from api.drift import drift_routes
from api.errors import register_errors
from api.fleet import fleet_routes
from api.guard import register_guard
from api.history import history_routes
from api.hooks import hook_routes
from api.plans import plan_routes
from api.saved import saved_routes
from api.sources import source_routes
from reconciler.control.manager import Manager


def build_app(manager: Manager, token: str | None, hook_secret: str | None = None) -> Flask:
    """The app of one manager; it holds no state of its own. `hook_secret` lets forges tell of pushes."""
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    register_guard(app, token)
    register_errors(app)
    app.register_blueprint(business_routes(manager))
    app.register_blueprint(drift_routes(manager))
    app.register_blueprint(fleet_routes(manager))
    app.register_blueprint(plan_routes(manager))
    app.register_blueprint(approval_routes(manager))
    app.register_blueprint(saved_routes(manager))
    app.register_blueprint(decision_routes(manager))
    app.register_blueprint(history_routes(manager))
    app.register_blueprint(source_routes(manager))
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

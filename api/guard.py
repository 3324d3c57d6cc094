"""Who may call: whoever has the token; without one, only programs on this machine, and no web page of another site."""

from flask import Flask, Response, request

from api.replies import failure
from reconciler.net.tokens import TokenCheck

OPEN_PATHS = ("/", "/healthz", "/readyz", "/favicon.ico", "/api/hooks/git")
"""Paths that anybody may ask: they tell nothing, the dashboard asks for the token itself, webhooks are signed."""


def register_guard(app: Flask, token: str | None) -> None:
    """Check every request before anything else looks at it."""
    check_token = TokenCheck(token) if token else None

    @app.before_request
    def check() -> tuple[Response, int] | None:
        if request.path in OPEN_PATHS or request.path.startswith("/static/"):
            return None
        if check_token is None:
            return _same_origin()
        refusal = check_token.refusal(request.headers.get("Authorization"))
        return failure(*refusal) if refusal else None


def _same_origin() -> tuple[Response, int] | None:
    """Refuse what a browser sends on behalf of another site: it could reach loopback, though its author can't."""
    origin = request.headers.get("Origin")
    if origin is not None and origin.split("://", 1)[-1] != request.host:
        return failure(403, f"requests from pages of {origin} are refused")
    return None

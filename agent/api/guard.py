"""Who may call the agent: whoever has the token; without one only programs on this machine, and no browser.

A browser reaches loopback on behalf of any page. It names the page (`Origin`) when it sends something, and the name
it looked up (`Host`) always, so a page that had its own name resolve to 127.0.0.1 is refused as well.
"""

import ipaddress

from flask import Flask, Response, jsonify, request

from reconciler.net.tokens import TokenCheck

OPEN_PATH = "/healthz"


def register_guard(app: Flask, token: str | None) -> None:
    """Check every request before anything else looks at it."""
    check = TokenCheck(token) if token else None

    @app.before_request
    def guard() -> tuple[Response, int] | None:
        if request.path == OPEN_PATH:
            return None
        refusal = check.refusal(request.headers.get("Authorization")) if check else _foreign()
        if refusal is None:
            return None
        code, message = refusal
        return jsonify({"status": "error", "message": message}), code


def _foreign() -> tuple[int, str] | None:
    if "Origin" in request.headers:
        return 403, "requests from web pages are refused"
    if not _is_loopback(request.host):
        return 403, f"without a token only this machine may call: use 127.0.0.1 or localhost, not '{request.host[:80]}'"
    return None


def _is_loopback(host: str) -> bool:
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False

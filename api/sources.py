"""Where desired state comes from, and reading it anew."""

from collections import defaultdict

import msgspec
from flask import Blueprint, jsonify

from api.forms import commit_form, deferred_fields
from api.replies import Form, Reply, failure, iso, problem_form
from api.requests import read_sync
from reconciler.control.desired.source_sync import SyncResult
from reconciler.control.manager import Manager
from reconciler.manifest.secrets.redact import without_password
from reconciler.plan.model.desired import Desired
from reconciler.source.git.source import GitSource
from reconciler.source.source import Source


def source_routes(manager: Manager) -> Blueprint:
    """Make the routes of `/api/sources` and `/api/sync`."""
    routes = Blueprint("sources", __name__)

    @routes.get("/api/sources")
    def sources() -> Reply:
        last = manager.sources.last.sources
        desired = manager.desired.snapshot()
        declared: dict[str | None, list[str]] = defaultdict(list)
        for business_id, entry in sorted(desired.businesses.items()):
            declared[manager.ownership.owner(entry)].append(business_id)
        return jsonify(
            [
                _source_form(one, last.get(one.name, SyncResult()), desired) | {"businesses": declared[one.name]}
                for one in manager.sources.watched
            ]
        )

    @routes.post("/api/sync")
    def sync() -> Reply:
        if not manager.sources.watched:
            return failure(409, "this manager has no source: start it with --desired DIR or --git URL")
        asked = read_sync()
        manager.sources.refresh()
        result = manager.sources.sync(asked.prune, asked.businesses)
        desired = manager.desired.snapshot()
        return jsonify(
            {
                "status": "error" if result.problems or result.prune_blocked else "success",
                "message": result.prune_blocked or f"{len(result.accepted)} accepted, {len(result.removed)} removed",
                "changed": bool(result.accepted or result.removed),
                **_result_form(result, desired),
                "sources": [{"name": name, **_result_form(part, desired)} for name, part in result.sources.items()],
            }
        )

    return routes


def _result_form(result: SyncResult, desired: Desired) -> Form:
    return {
        "accepted": list(result.accepted),
        "removed": list(result.removed),
        "unchanged": result.unchanged,
        "problems": [problem_form(problem) for problem in result.problems],
        "prune_blocked": result.prune_blocked or None,
        "deferred": [msgspec.to_builtins(deferred_fields(deferred, desired)) for deferred in result.deferred],
        "commit": commit_form(result.commit),
    }


def _source_form(source: Source, result: SyncResult, desired: Desired) -> Form:
    """A source, and what of its last reading still stands."""
    form: Form = {"name": source.name, "kind": "directory"}
    if isinstance(source, GitSource):
        state = source.state
        form |= {
            "kind": "git",
            "url": without_password(source.url),
            "branch": source.config.branch or None,
            "path": source.path,
            "fetched_at": iso(state.fetched_at),
            "fetch_seconds": round(state.fetch_seconds, 3),
            "verify_signatures": source.config.verify_signatures,
        }
    return form | {
        "commit": commit_form(result.commit),
        "problems": [problem_form(problem) for problem in result.problems],
        "prune_blocked": result.prune_blocked or None,
        "waiting": list(result.waiting),
        "deferred": [msgspec.to_builtins(deferred_fields(deferred, desired)) for deferred in result.deferred],
    }

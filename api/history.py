"""Revisions of businesses: what there is, how two differ, and going back to one."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from flask import Blueprint, jsonify, request

from api.forms import change_forms
from api.lookups import status_of
from api.queries import number
from api.replies import Form, Reply, done, iso, who
from api.requests import read_revision
from reconciler.control.desired.rollback import revision_of
from reconciler.control.manager import Manager
from reconciler.manifest.secrets.redact import redacted
from reconciler.plan.model.desired import DesiredBusiness
from reconciler.plan.wants.changes import business_changes
from reconciler.source.deferral import is_quarantined
from reconciler.store.model import Accepted, Revision

REVISION_MAX = 999_999_999


def history_routes(manager: Manager) -> Blueprint:
    """Make the routes of `revisions`, `compare`, `rollback` and `unpin` of `/api/businesses/ID`."""
    routes = Blueprint("history", __name__)

    def kept(business_id: str) -> list[Revision]:
        """List the revisions of a business, of a removed one too. Raises UnknownBusiness when there are none."""
        revisions = manager.revisions.newest(business_id)
        if not revisions:
            status_of(manager.view(), business_id)
        return revisions

    @routes.get("/api/businesses/<business_id>/revisions")
    def revisions(business_id: str) -> Reply:
        entry = manager.desired.snapshot().businesses.get(business_id)
        return jsonify(list(_revision_forms(kept(business_id), entry)))

    @routes.get("/api/businesses/<business_id>/compare")
    def compare(business_id: str) -> Reply:
        there = kept(business_id)
        first = revision_of(business_id, there, number("from", None, REVISION_MAX, least=1))
        second = there[0]
        if "to" in request.args:
            second = revision_of(business_id, there, number("to", None, REVISION_MAX, least=1))
        return jsonify(
            {
                "business_id": business_id,
                "from": first.number,
                "to": second.number,
                "changes": change_forms(business_changes(first.business, second.business)),
            }
        )

    @routes.post("/api/businesses/<business_id>/rollback")
    def rollback(business_id: str) -> Reply:
        back = manager.desired.roll_back(business_id, read_revision(), who())
        message = f"rolled back to revision {back.target}, as revision {back.revision}"
        return done(message, business_id, Accepted(back.revision, changed=True), 202)

    @routes.post("/api/businesses/<business_id>/unpin")
    def unpin(business_id: str) -> Reply:
        accepted = manager.desired.unpin(business_id, who())
        return done("is pinned no more: what was rolled back is accepted again", business_id, accepted, 202)

    return routes


def _revision_forms(kept: Sequence[Revision], entry: DesiredBusiness | None) -> Iterator[Form]:
    """Show kept revisions, newest first, each with how it differs from the one before; secrets hidden."""
    for revision, before in zip_longest(kept, kept[1:]):
        changes = business_changes(before.business, revision.business) if before is not None else None
        yield {
            "revision": revision.number,
            "source": revision.source,
            "who": revision.who,
            "origin": revision.origin,
            "commit": revision.commit.sha if revision.commit else None,
            "author": revision.commit.author if revision.commit else None,
            "subject": revision.commit.subject if revision.commit else None,
            "at": iso(revision.at),
            "digest": revision.digest,
            "current": entry is not None and revision.number == entry.revision,
            "pinned": entry is not None and revision.number == entry.pinned,
            "rolled_back": entry is not None and is_quarantined(entry, revision.business),
            "changes": None if changes is None else change_forms(changes),
            "spec": redacted(revision.business),
        }

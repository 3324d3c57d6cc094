"""Forms that several resources show. Secrets are hidden here, before anything leaves."""

from collections.abc import Iterable

import msgspec

from api.replies import Form, iso
from reconciler.plan.model.desired import Commit, Desired
from reconciler.plan.model.plan import Change
from reconciler.plan.show.document import change_fields
from reconciler.plan.show.fields import DeferredFields
from reconciler.plan.wants.changes import business_changes
from reconciler.source.deferral import Deferred


def commit_form(commit: Commit | None) -> Form | None:
    """Show a git commit, None for what came another way."""
    if commit is None:
        return None
    return {"sha": commit.sha, "author": commit.author, "subject": commit.subject, "at": iso(commit.at)}


def deferred_fields(deferred: Deferred, desired: Desired) -> DeferredFields:
    """Show what a source says of a business that is not accepted now, and how it differs from what holds."""
    known, declared = desired.businesses.get(deferred.business_id), deferred.declared
    changes = business_changes(known.business, declared) if known and declared else ()
    return DeferredFields(
        business_id=deferred.business_id,
        file=deferred.file,
        reason=deferred.reason,
        until=iso(deferred.until),
        changes=change_fields(changes),
    )


def change_forms(changes: Iterable[Change]) -> list[Form]:
    """Show fields that differ."""
    return [msgspec.to_builtins(change) for change in change_fields(changes)]

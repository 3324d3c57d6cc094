"""What a file says and is not accepted now, and why.

What was rolled back does not come back by itself, what is paused stays as it is, and the sync policy may ask for an
explicit yes, for a window to open, or for nothing to be removed. The policy is what the file says of it now; where the
file is gone, what it said last.
"""

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from reconciler.manifest.content import content_digest
from reconciler.manifest.model import Business, Sync
from reconciler.manifest.windows import opening
from reconciler.plan.model.blockers import Paused
from reconciler.plan.model.desired import DesiredBusiness
from reconciler.source.files import Declared


@dataclass(frozen=True, slots=True)
class Deferred:
    """What a source says of a business and is not accepted now, and why, for people.

    `declared` is None where the file has gone and the business stays. `until` is when that is to be looked at again, in
    seconds since the epoch, None where time alone changes nothing.
    """

    business_id: str
    file: str
    reason: str
    declared: Business | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What an operator asks of a reading of the sources, and when (seconds since the epoch).

    `prune` is the explicit yes to removing more than half of a source's businesses, or the last of them. The businesses
    `named` are accepted in manual mode too; with `prune`, they are removed though their policy is to keep them.
    """

    now: float
    prune: bool = False
    named: Collection[str] = ()


def deferral(known: DesiredBusiness | None, declared: Declared, asked: Asked) -> Deferred | None:
    """Say why what a file declares is not accepted now, None when it is. A new sync policy alone is always accepted."""
    business = declared.business
    if known is not None:
        if is_quarantined(known, business):
            pin = "" if known.pinned is None else f"pinned to revision {known.pinned}: "
            again = f"change it, or accept it with 'reconciler unpin {business.business_id}'"
            return _deferred(declared, f"{pin}{declared.file} as it is was rolled back; {again}")
        if msgspec.structs.replace(known.business, sync=business.sync) == business:
            return None
    why, until = _withheld(known, business.business_id, business.sync, asked, "accepts")
    return _deferred(declared, why, until) if why else None


def policy_alone(known: DesiredBusiness, declared: Declared) -> list[Declared]:
    """Take the new sync policy of what is not accepted: it holds at once, for its file may go before the rest is taken.

    Of what is pinned nothing is accepted.
    """
    if known.pinned is not None or known.business.sync == declared.business.sync:
        return []
    return [Declared(msgspec.structs.replace(known.business, sync=declared.business.sync), declared.file)]


def removal_deferral(known: DesiredBusiness, asked: Asked) -> Deferred | None:
    """Say why a business whose file is gone stays all the same, None when it is to go."""
    business_id, sync = known.business.business_id, known.business.sync
    if sync.prune is False and not (asked.prune and business_id in asked.named):
        why, until = f"prune is off: 'reconciler sync --prune {business_id}' removes it", None
    else:
        why, until = _withheld(known, business_id, sync, asked, "removes")
    if not why:
        return None
    return Deferred(
        business_id, known.source, f"{known.source} no longer declares it, and it is kept: {why}", None, until
    )


def is_quarantined(known: DesiredBusiness, business: Business) -> bool:
    """Tell whether an operator went back from this content, so that it is not accepted."""
    return bool(known.quarantined) and content_digest(business) in known.quarantined


def _withheld(
    known: DesiredBusiness | None, business_id: str, sync: Sync, asked: Asked, does: str
) -> tuple[str, float | None]:
    """Why the policy lets nothing in now ("" when it does), and until when."""
    if known is not None and known.paused:
        return str(Paused(known.business.business_id)), None
    found = opening(sync.windows or (), asked.now)
    if not found.is_open:
        return f"its sync windows are closed {found.end}".rstrip(), found.until
    if sync.mode == "manual" and business_id not in asked.named:
        return f"sync mode is manual: 'reconciler sync {business_id}' {does} it", None
    return "", None


def _deferred(declared: Declared, reason: str, until: float | None = None) -> Deferred:
    return Deferred(declared.business.business_id, declared.file, reason, declared.business, until)

"""What a file says and is not accepted now, and why: what was rolled back does not come back by itself."""

from dataclasses import dataclass

from reconciler.plan.model import DesiredBusiness
from reconciler.source.files import Declared
from reconciler.spec.content import content_digest
from reconciler.spec.model import Business


@dataclass(frozen=True, slots=True)
class Deferred:
    """A business whose file says what is not accepted now, and why, for people."""

    declared: Declared
    reason: str


def why_deferred(known: DesiredBusiness | None, declared: Declared) -> str:
    """Why what a file says is not accepted now, "" when it is."""
    if known is None or not is_quarantined(known, declared.business):
        return ""
    pin = "" if known.pinned is None else f"pinned to revision {known.pinned}: "
    again = f"change it, or accept it with 'reconciler unpin {known.business.business_id}'"
    return f"{pin}{declared.file} as it is was rolled back; {again}"


def is_quarantined(known: DesiredBusiness, business: Business) -> bool:
    """Whether an operator went back from this content, so that it is not accepted."""
    return bool(known.quarantined) and content_digest(business) in known.quarantined

"""What a directory's snapshot means for desired state: what to accept, what to remove, and what not to believe.

Pruning needs a readable source, and a business is removed only when no file can be said to still mean it. Removing
more than half at once waits for an explicit yes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.plan.model import DesiredBusiness
from reconciler.source.files import Declared, Snapshot
from reconciler.spec.errors import Problem

API = "api"
"""The source of businesses that came over REST."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a snapshot; `held` says why removals wait ("" when none do), and for what they wait."""

    accept: tuple[Declared, ...] = ()
    remove: tuple[str, ...] = ()
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()
    held: str = ""


def decide(snapshot: Snapshot, businesses: Mapping[str, DesiredBusiness], confirmed: bool = False) -> Decision:
    """Compare what the files declare with what was accepted before.

    `confirmed` is the explicit yes to removing more than half of the directory's businesses, or the last of them.
    """
    if snapshot.unreadable:
        return Decision(held=f"nothing is removed: {snapshot.unreadable}")
    problems = list(snapshot.problems)
    accept = []
    unchanged = 0
    for business_id, declared in sorted(snapshot.declared.items()):
        known = businesses.get(business_id)
        if known is not None and known.source == API:
            message = f"'{business_id}' was deployed over the API: delete it there first, or give this one another id"
            problems.append(Problem(declared.file, None, "business_id", message))
        elif known is not None and known.business == declared.business and known.source == declared.file:
            unchanged += 1
        else:
            accept.append(declared)
    owned = {business_id: entry.source for business_id, entry in businesses.items() if entry.source != API}
    gone = []
    for business_id, file in sorted(owned.items()):
        if business_id in snapshot.declared or file in snapshot.broken:
            continue
        if file in snapshot.silent and not confirmed:
            message = f"holds no business any more; '{business_id}' stays: delete the file to remove it"
            problems.append(Problem(file, None, "", message))
        else:
            gone.append(business_id)
    held = ""
    if gone and not confirmed and not snapshot.declared:
        held = f"nothing is removed: no file declares a business any more ({_names(gone)} would go)"
    elif len(gone) * 2 > len(owned) and not confirmed:
        held = f"nothing is removed: {len(gone)} of {len(owned)} businesses would go at once ({_names(gone)})"
    if held:
        held += "; say yes with 'reconciler sync --prune'"
        gone = []
    return Decision(tuple(accept), tuple(gone), unchanged, tuple(problems), held)


def _names(business_ids: list[str]) -> str:
    """The first few of them."""
    shown = ", ".join(business_ids[:5])
    return shown if len(business_ids) <= 5 else f"{shown} and {len(business_ids) - 5} more"

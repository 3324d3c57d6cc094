"""Who may change a business: it belongs to its source for as long as the manager watches that one."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.control.errors import Conflict
from reconciler.plan.model.desired import DesiredBusiness


@dataclass(frozen=True, slots=True)
class Ownership:
    """The names of the sources that are watched; what they declare is changed there."""

    sources: Sequence[str]

    def refuse_foreign(self, entry: DesiredBusiness) -> None:
        """Raise Conflict when a watched source declares the business, so that the API must not change it."""
        if any(entry.source.startswith(f"{name}/") for name in self.sources):
            raise Conflict(
                f"business '{entry.business.business_id}' is declared in {entry.source}: change it there; "
                "over the API it can only be stopped and restarted"
            )

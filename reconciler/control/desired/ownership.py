"""Who may change a business: it belongs to its source for as long as the manager watches that one."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.control.errors import Conflict
from reconciler.plan.model.desired import DesiredBusiness


@dataclass(frozen=True, slots=True)
class Ownership:
    """The names of the sources that are watched; what they declare is changed there."""

    sources: Sequence[str]

    def owner(self, entry: DesiredBusiness) -> str | None:
        """Name the watched source that declares the business, None when the API may change it."""
        return next((name for name in self.sources if entry.source.startswith(f"{name}/")), None)

    def refuse_foreign(self, entry: DesiredBusiness) -> None:
        """Raise Conflict when a watched source declares the business, so that the API must not change it."""
        if self.owner(entry) is not None:
            raise Conflict(
                f"business '{entry.business.business_id}' is declared in {entry.source}: change it there; "
                "over the API it can only be stopped and restarted"
            )

"""Finding what a path names, or refusing it as unknown."""

from reconciler.control.errors import UnknownBusiness
from reconciler.control.view import View
from reconciler.plan.ask.status import BusinessStatus


def status_of(view: View, business_id: str) -> BusinessStatus:
    """Find the status of a business. Raises UnknownBusiness."""
    status = view.statuses.get(business_id)
    if status is None:
        raise UnknownBusiness(business_id, tuple(view.statuses))
    return status

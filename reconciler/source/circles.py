"""Businesses that would wait for each other in a circle: none of them is accepted, and what runs stays."""

from collections.abc import Iterable, Mapping

from reconciler.manifest.errors import Problem
from reconciler.plan.gates.businesses import circles
from reconciler.plan.model.desired import Desired, DesiredBusiness
from reconciler.source.files import Declared


def in_circles(accept: Iterable[Declared], businesses: Mapping[str, DesiredBusiness]) -> dict[str, Problem]:
    """Find the businesses that can't be accepted for they would wait in a circle, by id, and say why."""
    left = {declared.business.business_id: declared for declared in accept}
    found: dict[str, Problem] = {}
    desired = Desired(dict(businesses))
    # What is left may close another circle with the earlier version of what is refused.
    while wrong := circles(desired, [declared.business for declared in left.values()]):
        for key, way in wrong.items():
            message = f"{way}; it stays as it is until the circle is broken"
            found[key] = Problem(left.pop(key).file, None, "depends_on_businesses", message)
    return found

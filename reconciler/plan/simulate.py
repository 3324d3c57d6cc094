"""What a plan leads to, when every action succeeds: for tests, and for looking ahead."""

from dataclasses import replace

from reconciler.plan.model import Copy, Kind, Observed, Plan
from reconciler.wire.messages import Status, promise_of


def applied(plan: Plan, observed: Observed) -> Observed:
    """The observation after the plan was carried out to the letter."""
    copies = {(copy.key, copy.node_id): copy for copy in observed.copies}
    version = max((copy.version for copy in observed.copies), default=0)
    for action in plan.actions:
        place = (action.key, action.node_id)
        if action.kind is Kind.STOP:
            copies.pop(place, None)
        elif action.component is not None:
            version += 1
            copies[place] = Copy(
                key=action.key,
                node_id=action.node_id,
                status=Status.RUNNING,
                digest=action.digest,
                version=version,
                promise=promise_of(action.component, action.gpu_devices),
                container_id=f"container-{version}",
            )
    return replace(observed, copies=tuple(copies.values()))

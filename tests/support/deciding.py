"""Decisions as a manager keeps them, of small worlds."""

from reconciler.plan.keep.record import record
from reconciler.plan.keep.replay import decided
from reconciler.plan.keep.state import State
from reconciler.plan.model.policy import Policy
from reconciler.store import Store
from tests.support.planning import NOW, World, business, component, node


def keep(store: Store, world: World, at: float = NOW) -> str:
    """Keep what is decided now; the plan's hash."""
    state = State(world.desired, world.observed, Policy(), at)
    made = decided(state.document(), "1.0")
    store.decisions.keep(made.hash, "1.0", len(made.actions), record(state, made), at)
    return made.hash


def small(number: int) -> World:
    return World(node("a")).wants(business("shop", component("web", image_name=f"web:{number}")))

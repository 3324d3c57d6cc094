"""What would happen is the same of a state and of what was read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest.errors import SpecError
from reconciler.plan.ask.preview import preview
from reconciler.plan.ask.suppose import Suppose
from reconciler.plan.keep.state_json import from_json, to_json
from reconciler.plan.show.document import document
from tests.support.histories import worlds
from tests.support.planning import World, node
from tests.support.secrets import secretive, state_of


@given(world=worlds(), scale=st.integers(0, 4))
def test_a_preview_is_the_same_of_the_state_and_of_what_was_read_back(world: World, scale: int) -> None:
    state = state_of(world)
    suppose = Suppose(
        without=tuple(sorted(world.observed.nodes)[:1]),
        scale={
            f"{name}/{entry.business.components[0].component_id}": scale
            for name, entry in world.desired.businesses.items()
        },
    )
    given = [secretive(), *(entry.business for entry in list(world.desired.businesses.values())[:1])]
    for businesses in (None, given):
        found, again = (preview(one, businesses, True, suppose) for one in (state, from_json(to_json(state))))
        assert document(found.plan, found.state.desired) == document(again.plan, again.state.desired)


def test_a_supposition_about_what_is_not_there_is_refused() -> None:
    with pytest.raises(SpecError, match="there is no node 'z'"):
        preview(state_of(World(node("a"))), None, suppose=Suppose(without=("z",)))

"""A state that is written down plans elsewhere as it did where it was; a text that is none is explained."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.plan.keep.state_json import StateError, from_json, to_json
from reconciler.plan.show.hash import canonical
from tests.support.histories import worlds
from tests.support.planning import World, node
from tests.support.secrets import secretive, state_of


@given(world=worlds())
def test_a_state_that_was_read_back_gives_the_same_plan(world: World) -> None:
    state = state_of(world)
    written = to_json(state)
    read = from_json(written)
    again = to_json(read)
    assert to_json(from_json(again)) == again, "the form is canonical"
    assert canonical(read.document()) == canonical(state.document())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "it has no format"),
        (b'{"format": "reconciler.plan/1"}', "its format is reconciler.plan/1, not reconciler.state/2"),
        (b'{"format": "' + b"x" * 10_000 + b'"}', "it has no format"),
        (b'{"format": "' + b"x" * 10_000 + b'/1"}', "its format is xxx"),
        (b'{"format": "reconciler.state/2"}', "is damaged"),
        (b'{"format": "reconciler.state/1"}', "is damaged"),
        (
            b'{"format": "reconciler.state/3"}',
            "is a state of the format reconciler.state/3, and this version reads reconciler.state/2 and",
        ),
        (
            b'{"format": "reconciler.state/2", "now": 1, "policy": {}, "businesses": [], "removed": [], "allocations": [], '
            b'"nodes": [{"node_id": "a", "cpu_cores": "many"}]}',
            "is damaged: Node.cpu_cores: Expected `float`, got `str`",
        ),
    ],
)
def test_a_text_that_is_no_state_is_explained_shortly(text: bytes, why: str) -> None:
    with pytest.raises(StateError, match=why) as raised:
        from_json(text, "state.json")
    assert str(raised.value).startswith("state.json ")
    assert "reconciler snapshot" in str(raised.value)
    assert len(str(raised.value)) < 500


@given(world=worlds(), data=st.data())
def test_a_damaged_state_is_an_error_and_no_traceback(world: World, data: st.DataObject) -> None:
    form = msgspec.json.decode(to_json(state_of(world)))
    field = data.draw(st.sampled_from(sorted(form)))
    form[field] = data.draw(st.sampled_from([None, 1, "x", [1], [{}], [[]], {}, {"a": 1}]))
    complaint = ""
    try:
        from_json(msgspec.json.encode(form)).document()
    except StateError as error:
        complaint = str(error)
    assert len(complaint) < 500


def test_fields_that_a_newer_version_added_are_left_out() -> None:
    form = msgspec.json.decode(to_json(state_of(World(node("a")).wants(secretive()))))
    form["nodes"][0]["colour"] = "red"
    assert from_json(msgspec.json.encode(form)).document().summary.create == 3

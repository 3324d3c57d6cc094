"""A state that is written down plans elsewhere as it did where it was, and holds no secret."""

import json
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest.errors import SpecError
from reconciler.manifest.model import Business, Component, ConfigFile
from reconciler.plan.ask.suppose import Suppose
from reconciler.plan.keep.state import State, StateError, from_json, preview, to_json
from reconciler.plan.model.desired import VersionResult
from reconciler.plan.model.policy import Policy
from reconciler.plan.show.document import document
from reconciler.plan.show.hash import canonical
from tests.support.histories import worlds
from tests.support.planning import NOW, World, business, component, node

SECRET = "hunter2-of-the-shop"


def state_of(world: World) -> State:
    return State(world.desired, world.observed, Policy(), NOW)


def secretive(image: str = "web:1", secret: str = SECRET) -> Business:
    """A business with a secret in every place that can hold one, and references beside some of them."""
    web = component(
        "web",
        image_name=image,
        image_url=f"https://me:{secret}@files/web.tar",
        environment_variables={
            "DB_PASSWORD": secret,
            "DB_DSN": f"postgres://u:{secret}@${{db.host}}/x",
            "DB_URL": f"postgres://u:{secret}@${{db.host}}:${{db.port.5432}}/x",
            "PLAIN": "seen",
        },
        config_files=(ConfigFile(path="/etc/app.ini", content=f"password={secret}\nhost=${{db.host}}\n$${{db.host}}"),),
        command=("run", f"--password={secret}", "--api-key", secret, "sh", "-c", f"exec x --token '{secret} y'"),
        entrypoint=("sh", "-c", f"PASSWORD={secret} x"),
        labels={"token": secret},
        pre_stop=("bye", f"--secret={secret}"),
        replicas=2,
    )
    return business("shop", web, component("db", ports=[5432]))


@given(world=worlds())
def test_a_state_that_was_read_back_gives_the_same_plan(world: World) -> None:
    state = state_of(world)
    written = to_json(state)
    read = from_json(written)
    again = to_json(read)
    assert to_json(from_json(again)) == again, "the form is canonical"
    assert canonical(read.document()) == canonical(state.document())


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


def test_secrets_are_sealed_and_the_plans_are_the_same_at_every_step() -> None:
    world = World(node("a", address="http://10.0.0.1:7701"), node("b", address="http://10.0.0.2:7701"))
    for step in (secretive(), secretive("web:2"), secretive("web:2", "another-secret-word"), business("shop")):
        world.wants(step)
        for _ in range(4):
            state = state_of(world)
            written = to_json(state)
            assert SECRET not in written.decode() and "another-secret" not in written.decode()
            assert "seen" in written.decode() or not step.components
            found = from_json(written).document()
            assert found == state.document()
            assert SECRET.encode() not in msgspec.json.encode(found)
            world.carries_out()
            world.observed = replace(
                world.observed,
                allocations=tuple(replace(allocation, since=NOW - 100) for allocation in world.observed.allocations),
            )


def test_a_changed_secret_is_seen_as_a_change_without_the_secret() -> None:
    world = World(node("a")).wants(secretive())
    world.carries_out()
    world.wants(secretive(secret="another-secret-word"))
    found = from_json(to_json(state_of(world))).document()
    fields = {change.field: msgspec.to_builtins(change) for action in found.actions for change in action.changes}
    assert found.summary.update == 2
    assert fields == {} or "another" not in json.dumps(fields)


def test_what_messages_and_verdicts_say_is_without_passwords() -> None:
    world = World(node("a")).wants(secretive())
    world.carries_out()
    for number in (0, 1):
        world.allocation(
            f"shop/web/{number}", message=f"GET http://me:{SECRET}@files/web.tar: 404", container_id=None, ended=True
        )
    entry = world.desired.businesses["shop"]
    verdicts = {("web", "0" * 64): VersionResult("rejected", f"http://me:{SECRET}@files is gone")}
    world.desired = replace(world.desired, businesses={"shop": replace(entry, verdicts=verdicts)})
    written = to_json(state_of(world))
    assert SECRET not in written.decode()
    assert from_json(written).document() == state_of(world).document()


def test_a_supposition_about_what_is_not_there_is_refused() -> None:
    with pytest.raises(SpecError, match="there is no node 'z'"):
        preview(state_of(World(node("a"))), None, suppose=Suppose(without=("z",)))


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
        (b'{"format": "reconciler.state/3"}', "its format is reconciler.state/3, not reconciler.state/2"),
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


def test_components_without_secrets_are_not_copied() -> None:
    plain = component("db", ports=[5432])
    sealed = State(World().wants(business("shop", plain)).desired, World().observed).sealed()
    kept: Component = sealed.desired.businesses["shop"].business.components[0]
    assert kept is plain

"""A state holds no secret once it is sealed, and plans as it did."""

import json
from dataclasses import replace

import msgspec

from reconciler.manifest.model import Component
from reconciler.plan.keep.state import State
from reconciler.plan.keep.state_json import from_json, to_json
from reconciler.plan.model.desired import VersionResult
from tests.support.planning import NOW, World, business, component, node
from tests.support.secrets import SECRET, secretive, state_of


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
    world.desired = replace(world.desired, businesses={"shop": replace(entry, version_results=verdicts)})
    written = to_json(state_of(world))
    assert SECRET not in written.decode()
    assert from_json(written).document() == state_of(world).document()


def test_components_without_secrets_are_not_copied() -> None:
    plain = component("db", ports=[5432])
    sealed = State(World().wants(business("shop", plain)).desired, World().observed).sealed()
    kept: Component = sealed.desired.businesses["shop"].business.components[0]
    assert kept is plain

"""The public form of a plan: by its schema, with a hash that anyone can check, the same wherever it is made."""

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.manifest.errors import Problem
from reconciler.manifest.model import Business, Dependency
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Node, Observed
from reconciler.plan.reconcile.planner import plan
from reconciler.plan.show.document import DocumentError, document, preview_document, read_preview
from reconciler.plan.show.fields import ChangeFields, DeferredFields
from reconciler.plan.show.hash import canonical
from reconciler.plan.show.schema import plan_schema_text
from tests.support.data import written
from tests.support.histories import worlds
from tests.support.planning import NOW, World, business, component, node

DEFERRED = DeferredFields(
    business_id="blog",
    file="blog.yaml",
    reason="it was rolled back",
    until="2026-01-01T00:00:00Z",
    changes=(ChangeFields(field="image_name", old="a", new=None),),
)
SCHEMA = Draft202012Validator(json.loads(plan_schema_text()))


@given(world=worlds())
def test_every_document_is_as_its_schema_says(world: World) -> None:
    found = document(world.plan(), world.desired)
    SCHEMA.validate(json.loads(msgspec.json.encode(found)))
    problems = [Problem("a.yaml", 3, "components[0]", "is no YAML")]
    beside = preview_document(world.plan(), world.desired, NOW, problems, "too many", [DEFERRED])
    SCHEMA.validate(json.loads(msgspec.json.encode(beside)))
    assert canonical(beside) == canonical(found), "what stands beside a plan is not hashed"
    assert read_preview(msgspec.json.decode(msgspec.json.encode(beside)), "it") == beside


@given(world=worlds(), seed=st.integers(0, 2**32))
def test_the_same_state_in_any_order_gives_the_same_bytes(world: World, seed: int) -> None:
    shuffle = random.Random(seed).shuffle
    nodes, allocations = list(world.observed.nodes.items()), list(world.observed.allocations)
    entries, removed = list(world.desired.businesses.items()), list(world.desired.removed.items())
    for items in (nodes, allocations, entries, removed):
        shuffle(items)
    nodes = [(node_id, replace(one, **_turned(one))) for node_id, one in nodes]
    entries = [(name, replace(entry, business=_rewritten(entry.business, shuffle))) for name, entry in entries]
    desired, observed = Desired(dict(entries), dict(removed)), Observed(dict(nodes), tuple(allocations))
    assert canonical(document(plan(desired, observed, now=NOW), desired)) == canonical(
        document(world.plan(), world.desired)
    )


def _turned(one: Node) -> dict[str, Any]:
    """A node's maps and lists, written the other way round."""
    maps = {name: dict(reversed(getattr(one, name).items())) for name in ("labels", "images")}
    return maps | {"gpus": one.gpus[::-1], "runtimes": one.runtimes[::-1]}


def _rewritten(one: Business, shuffle: Callable[[list[Any]], None]) -> Business:
    """The same business with its components in another order."""
    parts = list(one.components)
    shuffle(parts)
    return msgspec.structs.replace(one, components=tuple(parts))


def test_anyone_can_compute_the_hash() -> None:
    world = World(node("a")).wants(business("shop", component(environment_variables={"GREETING": "grüß dich"})))
    read = json.loads(msgspec.json.encode(preview_document(world.plan(), world.desired, NOW)))
    named = ("format", "actions", "pending", "drifted", "stays", "unchanged", "summary")
    assert all(f"`{name}`" in SCHEMA.schema["description"] for name in named)
    rest = {name: read[name] for name in named}
    form = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(form.encode()).hexdigest() == read["hash"]


@pytest.mark.slow
def test_another_process_gives_the_same_hash() -> None:
    script = (
        "from tests.plan.show.test_document import crowded\n"
        "from reconciler.plan.show.document import document\n"
        "world = crowded()\n"
        "print(document(world.plan(), world.desired).hash)\n"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "77")
    }
    world = crowded()
    assert hashes == {document(world.plan(), world.desired).hash + "\n"}


def crowded() -> World:
    """Labels, ports, GPUs and more than fits, with something running already."""
    nodes = [node(f"n{number}", 4, 4096, gpus=(8192, 8192), labels={"zone": f"z{number % 2}"}) for number in range(5)]
    world = World(*nodes).wants(
        business("shop", component("web", cpu=1, ports=[80], replicas=4, spread_by="zone"), component("db", data=True))
    )
    world.carries_out()
    return world.wants(
        business("shop", component("web", cpu=2, ports=[80], replicas=6, spread_by="zone"), component("db", data=True)),
        business("ml", component("train", gpus=2, replicas=7, anti_affinity=("train",))),
    )


def test_it_says_what_stays_and_for_whom_service_is_interrupted() -> None:
    web = component("web", depends_on={"db": Dependency()})
    world = World(node("a")).wants(business("shop", component("db"), web))
    world.carries_out()
    world.observed = replace(
        world.observed,
        allocations=tuple(replace(allocation, since=NOW - 100) for allocation in world.observed.allocations),
    )
    world.wants(business("shop", component("db", image_name="db:2"), web))
    found = document(world.plan(), world.desired)
    assert found.stays == {"shop/web/0": "a"}
    (action,) = found.actions
    assert (action.kind, action.interrupts, action.affects) == ("update", True, ("web",))
    assert action.changes == (ChangeFields(field="image_name", old="db:1", new="db:2"),)
    assert action.digest != action.old_digest


def test_passwords_in_reasons_are_hidden() -> None:
    world = World(node("a")).wants(business("shop", component()))
    world.carries_out()
    world.allocation(
        "shop/web/0", container_id=None, ended=True, message="cannot load http://me:hunter2@files/web.tar: 404"
    )
    shown = msgspec.json.encode(document(world.plan(), world.desired)).decode()
    assert "cannot load http://me:(hidden)@files" in shown and "hunter2" not in shown


def test_a_plan_of_another_version_is_refused_with_what_to_do() -> None:
    with pytest.raises(DocumentError, match=r"plan is of the format reconciler.plan/1, and this version reads"):
        read_preview(json.loads(written("plan-1.json")), "the manager's plan")
    with pytest.raises(DocumentError, match=r"plan is of the format none, .* the manager's version"):
        read_preview([], "the manager's plan")
    with pytest.raises(DocumentError, match="plan is damaged: Object missing required field `actions`"):
        read_preview({"format": "reconciler.plan/2"}, "the manager's plan")

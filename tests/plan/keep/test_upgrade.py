"""What the version before wrote is read as it was meant."""

import json
from dataclasses import fields
from typing import Any

import msgspec
import pytest

from reconciler.manifest.model import Business
from reconciler.plan.ask.preview import overlay
from reconciler.plan.keep.preconditions import Basis
from reconciler.plan.keep.record import allocations_of, manifest_of, restored
from reconciler.plan.keep.replay import read_decided, replay
from reconciler.plan.keep.saved import SavedPlanError, assigned, deviations, read_saved, violations
from reconciler.plan.keep.state import State
from reconciler.plan.keep.state_json import from_json, to_json
from reconciler.plan.keep.upgrade import STATE
from reconciler.plan.model.desired import Commit, Desired, DesiredBusiness, VersionResult
from reconciler.plan.model.observed import Allocation, Node, Observed, Vanished
from reconciler.plan.model.policy import BlastRadius, Policy
from reconciler.wire.messages import InstanceKey, Reservation
from reconciler.wire.reports import Drift, Gpu
from tests.support.data import written
from tests.support.planning import NOW, key


@pytest.fixture(scope="module")
def state() -> State:
    return from_json(written("state-1.json"), "state-1.json")


def test_a_state_of_the_version_before_is_read_whole(state: State) -> None:
    assert state.now == NOW
    found = {str(one.key): one for one in state.observed.allocations}
    assert found["shop/db/0"].reservation == Reservation(memory_mb=256, volumes=True)
    assert found["shop/web/0"].reservation.host_ports == ("80/tcp",)
    assert found["ml/train/0"].drift == (Drift(field="memory_mb", expected="64", actual="128", first_seen=NOW - 5),)
    assert state.observed.nodes["c"].flapping_until == NOW + 60
    assert state.observed.nodes["d"].drain_by == NOW + 600
    assert state.observed.heals == {(key("ml/train/0"), "memory_mb"): 3}
    assert state.observed.vanished == {key("news/news/0"): Vanished("a", "d" * 64)}
    blog = state.desired.businesses["blog"]
    assert (blog.pinned, blog.quarantined) == (1, frozenset(["f" * 64]))
    assert blog.commit == Commit("a" * 40, "Ann", "Raise the limit", NOW - 500)
    assert blog.outcome("page", "0" * 64) == "rejected"
    assert state.desired.businesses["cache"].paused and state.desired.businesses["wiki"].stopped
    assert list(state.desired.removed) == ["old"]


def test_nothing_that_the_version_before_wrote_is_left_out(state: State) -> None:
    """Whatever stood in the file stands in what is written of it today, under its name of today."""
    again = json.loads(to_json(state))
    assert again["format"] == str(STATE)
    assert set(_leaves(json.loads(written("state-1.json")))) <= set(_leaves(again)) | {"reconciler.state/1"}


def _leaves(form: Any) -> list[Any]:
    if isinstance(form, dict | list):
        values = form.values() if isinstance(form, dict) else form
        return [leaf for value in values for leaf in _leaves(value)]
    return [form]


def test_a_decision_in_parts_is_put_together_as_the_file_of_it_is_read(state: State) -> None:
    kept = msgspec.json.decode(written("decision-parts-1.json"))
    parts = {digest: text.encode() for digest, text in kept["parts"].items()}
    manifest = manifest_of(parts[kept["manifest"]])
    assert from_json(restored(manifest, parts.__getitem__)) == state
    made = read_decided(restored(manifest, parts.__getitem__))
    assert made == read_decided(written("decision-1.json"))
    found = [one for digest in manifest.allocations for one in allocations_of(manifest, parts[digest])]
    assert sorted(found, key=lambda one: (one.key, one.node_id)) == list(state.observed.allocations)


def test_a_decision_of_the_version_before_is_made_anew_and_is_equal_by_the_hash_of_its_format() -> None:
    read, made = read_decided(written("decision-1.json"))
    assert made.format == "reconciler.plan/1"
    assert {one.blocked_by for one in made.actions} >= {"waits until it runs on b", None}
    again = replay(read, made)
    assert (again.differences, again.equal) == ((), True)
    assert again.document.hash != made.hash, "today's hash is of today's format"
    other = replay(read, msgspec.structs.replace(made, hash="0" * 64))
    assert not other.equal


def test_a_saved_plan_of_the_version_before_is_carried_out() -> None:
    form = json.loads(written("saved-plan-1.json"))
    saved = read_saved(form)
    assert (saved.format, saved.hash) == ("reconciler.saved-plan/2", form["hash"])
    fleet = from_json(written("saved-plan-state-1.json"))
    basis = Basis(fleet.desired, fleet.observed, fleet.policy, fleet.now)
    assert violations(saved, basis) == []
    specs = {"shop": msgspec.convert(saved.businesses[0], Business)}
    after = overlay(fleet.desired, ((one, "api") for one in specs.values()))
    assert deviations(saved, after, assigned(saved, specs, basis), basis) == []


def test_a_saved_plan_of_the_version_before_that_was_changed_is_refused() -> None:
    form = json.loads(written("saved-plan-1.json"))
    form["document"]["actions"][0]["node_id"] = "c"
    with pytest.raises(
        SavedPlanError, match="the file was changed: make a new one with `reconciler diff PATH --out FILE`"
    ):
        read_saved(form)


@pytest.mark.parametrize(
    "form", [[], {}, {"format": "reconciler.saved-plan/3"}, {"format": 1}, json.loads(written("plan-1.json"))]
)
def test_what_is_no_saved_plan_of_this_version_is_refused_with_what_to_do(form: Any) -> None:
    with pytest.raises(SavedPlanError, match=r"is not known here: reconciler.saved-plan/2 is: make a new one"):
        read_saved(form)


@pytest.mark.parametrize("field", ["document", "needs", "facts", "hash"])
@pytest.mark.parametrize("damage", [None, "x", [1], {"a": 1}])
def test_a_damaged_saved_plan_of_the_version_before_is_refused(field: str, damage: Any) -> None:
    with pytest.raises(SavedPlanError):
        read_saved(json.loads(written("saved-plan-1.json")) | {field: damage})


NAMES = {
    Desired: "businesses removed approved",
    DesiredBusiness: "business stopped restarts source revision earlier version_results commit paused pinned quarantined",
    VersionResult: "outcome reason",
    Commit: "sha author subject at",
    Observed: "nodes allocations heals vanished",
    Node: "node_id cpu_cores memory_mb labels gpus runtimes cpu_percent memory_used_mb address images disk_free_mb "
    "last_seen cordoned draining drain_by flapping_until",
    Allocation: "key node_id status digest version reservation container_id confirmed message started_at ended since "
    "failed_digest drift",
    Vanished: "node_id digest",
    Policy: "suspect_after lost_after blast_radius freeze_after",
    BlastRadius: "stops share nodes volumes",
    Reservation: "cpu_cores memory_mb gpu_devices host_ports volumes",
    Drift: "field expected actual first_seen",
    Gpu: "index name uuid memory_mb used_memory_mb gpu_percent",
    InstanceKey: "business_id component_id instance",
}


@pytest.mark.parametrize("kind", NAMES)
def test_a_format_number_stands_for_the_names_of_its_fields(kind: Any) -> None:
    """A state is written by the names of these fields: who renames one gives the format its next number."""
    assert STATE.number == 2
    struct = issubclass(kind, msgspec.Struct)
    assert (kind.__struct_fields__ if struct else tuple(one.name for one in fields(kind))) == tuple(NAMES[kind].split())

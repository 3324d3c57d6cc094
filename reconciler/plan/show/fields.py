"""The fields of a plan's document: one struct for each object of its JSON, with what each field means.

The JSON Schema, what is written, what is read, and what the command line shows all come from these. A field that comes,
goes, or means otherwise gives `FORMAT` its next number.
"""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from reconciler.plan.model.plan import Kind
from reconciler.plan.show.format import Format
from reconciler.wire.messages import InstanceKey

FORMAT = Format("reconciler.plan", 2)


def instance_key(text: str) -> InstanceKey:
    """Read an instance as documents name it, such as `shop/web/0`. Raises ValueError."""
    business_id, component_id, instance = text.split("/")
    return InstanceKey(business_id, component_id, int(instance))


Count = Annotated[int, Meta(ge=0)]
Code = str | None
"""The kind of a reason, for programs; None where a version before there were codes decided."""


class Fields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of every object in a plan's document."""


class ChangeFields(Fields, frozen=True, kw_only=True):
    """One field that differs. A secret's value is shown as (hidden)."""

    field: Annotated[str, Meta(description="The field's path.")]
    old: Annotated[str | None, Meta(description="The value that runs or is accepted, null where there is none.")]
    new: Annotated[str | None, Meta(description="The value wanted or declared, null where there is none.")]


class InstanceFields(Fields, frozen=True, kw_only=True):
    """The base of what is about one instance."""

    business_id: Annotated[str, Meta(description="The business.")]
    component_id: Annotated[str, Meta(description="The component.")]
    instance: Annotated[Count, Meta(description="Which replica, counted from 0.")]

    @property
    def key(self) -> InstanceKey:
        """Name the instance as the planner does."""
        return InstanceKey(self.business_id, self.component_id, self.instance)


class ActionFields(InstanceFields, frozen=True, kw_only=True):
    """What happens to one instance on one node."""

    kind: Annotated[Kind, Meta(description="What happens to the instance on the node.")]
    node_id: Annotated[str, Meta(description="The node.")]
    reason: Annotated[str, Meta(description="Why, for people.")]
    reason_code: Annotated[Code, Meta(description="The kind of the reason, such as spec_changed.")]
    changes: Annotated[tuple[ChangeFields, ...], Meta(description="For an update: the fields that differ.")]
    waits_for: Annotated[
        tuple[str, ...],
        Meta(description="Instances on the same node that must go, or shrink, before this one has its room."),
    ]
    blocked_by: Annotated[str | None, Meta(description="What else it waits for, for people; null for nothing.")]
    blocked_by_code: Annotated[Code, Meta(description="The kind of what it waits for, such as rollout_paced.")]
    exceeds: Annotated[
        tuple[Literal["nodes", "share", "stops", "volumes"], ...],
        Meta(description="The limits because of which it waits until it is approved."),
    ]
    live: Annotated[bool, Meta(description="Whether limits change under what runs on.")]
    interrupts: Annotated[bool, Meta(description="Whether the instance does not serve for a while.")]
    affects: Annotated[
        tuple[str, ...],
        Meta(description="For what interrupts: components of the business that depend on it or refer to it."),
    ]
    gpu_devices: Annotated[
        tuple[Count, ...], Meta(description="The GPUs of the node that are reserved for it, by index.")
    ]
    host_ports: Annotated[
        tuple[str, ...], Meta(description="The ports of the node that are reserved for it, as PORT/PROTOCOL.")
    ]
    digest: Annotated[str | None, Meta(description="What shall run: the digest of the component, null for a stop.")]
    old_digest: Annotated[
        str | None, Meta(description="What runs now: its digest as the node reports it, null for a create.")
    ]
    source: Annotated[str | None, Meta(description="Where the business is declared, null where it is not any more.")]


class RefusalFields(Fields, frozen=True, kw_only=True):
    """Why nodes can't take an instance."""

    nodes: Annotated[Count, Meta(description="How many nodes share the reason; 0 where it is about no node.")]
    reason: Annotated[str, Meta(description="Why they can't take it, for people.")]
    reason_code: Annotated[Code, Meta(description="The kind of the reason, such as memory_short.")]


class PendingFields(InstanceFields, frozen=True, kw_only=True):
    """An instance that has no place, and why."""

    reason: Annotated[str, Meta(description="The refusals on one line, for people.")]
    reason_code: Annotated[Code, Meta(description="The kind of the first reason, such as memory_short.")]
    refusals: Annotated[tuple[RefusalFields, ...], Meta(description="The reason of every group of nodes.")]


class DriftedFields(InstanceFields, frozen=True, kw_only=True):
    """What somebody changed of an instance, and nobody changes back."""

    node_id: Annotated[str, Meta(description="Where it runs, or ran.")]
    changes: Annotated[tuple[ChangeFields, ...], Meta(description="From what it is to what it should be.")]
    why_left: Annotated[str, Meta(description="Why it is left so, for people.")]
    why_left_code: Annotated[Code, Meta(description="The kind of the reason, such as self_heal_off.")]


class SummaryFields(Fields, frozen=True, kw_only=True):
    """How many of each."""

    create: Annotated[Count, Meta(description="How many creates.")]
    update: Annotated[Count, Meta(description="How many updates.")]
    stop: Annotated[Count, Meta(description="How many stops.")]
    pending: Annotated[Count, Meta(description="How many have no place.")]


class PlanDocument(Fields, frozen=True, kw_only=True):
    """A plan: all that its hash is of, and the hash."""

    format: Annotated[str, Meta(description="The format's name and number.", pattern=f"^{re.escape(str(FORMAT))}$")]
    actions: Annotated[tuple[ActionFields, ...], Meta(description="What is done: stops, then updates, then creates.")]
    pending: Annotated[tuple[PendingFields, ...], Meta(description="Instances that have no place now.")]
    drifted: Annotated[tuple[DriftedFields, ...], Meta(description="What differs on nodes and is left as it is.")]
    stays: Annotated[
        dict[str, str],
        Meta(description="Every instance about which nothing is done, as BUSINESS/COMPONENT/N, and its node."),
    ]
    unchanged: Annotated[Count, Meta(description="How many stay.")]
    summary: Annotated[SummaryFields, Meta(description="How many of each.")]
    hash: Annotated[str, Meta(description="sha256 of the plan.", pattern="^[0-9a-f]{64}$")]


class FetchFields(Fields, frozen=True, kw_only=True):
    """The image that a create or update needs on its node."""

    instance: Annotated[str, Meta(description="Which instance, as BUSINESS/COMPONENT/N.")]
    node_id: Annotated[str, Meta(description="On which node.")]
    image: Annotated[str, Meta(description="The image's full name.")]
    how: Annotated[Literal["pull", "load"], Meta(description="From a registry, or from the tar at image_url.")]
    pull_policy: Annotated[str, Meta(description="The component's pull_policy.")]
    size_mb: Annotated[int | None, Meta(description="Its unpacked size in MiB; null when no node has it.")]
    present: Annotated[
        bool | None, Meta(description="Whether the node has it by this name; null when the node does not say.")
    ]
    disk_free_mb: Annotated[
        int | None, Meta(description="What is free there before it, in MiB, at least; null when unknown or not asked.")
    ]
    disk_suffices: Annotated[
        bool | None, Meta(description="Whether that is twice its size; null when either is unknown.")
    ]


class DownloadFields(Fields, frozen=True, kw_only=True):
    """The missing images of one node."""

    node_id: Annotated[str, Meta(description="The node.")]
    images: Annotated[int, Meta(description="How many images.")]
    size_mb: Annotated[int, Meta(description="The known sizes, in MiB.")]
    of_unknown_size: Annotated[int, Meta(description="How many have no known size.")]
    disk_free_mb: Annotated[int | None, Meta(description="What is free there, in MiB.")]
    disk_suffices: Annotated[bool | None, Meta(description="Whether there is room for all; null when unknown.")]


class UnknownFields(Fields, frozen=True, kw_only=True):
    """Something that the plan could not know."""

    node_id: Annotated[str | None, Meta(description="Of which node; null where of none.")]
    what: Annotated[str, Meta(description="What is not known.")]
    since: Annotated[float | None, Meta(description="Since when, in seconds since the epoch.")]
    age_seconds: Annotated[float | None, Meta(description="How long ago that was.")]
    instances: Annotated[tuple[str, ...], Meta(description="Whom it matters to, as BUSINESS/COMPONENT/N.")]


class ProblemFields(Fields, frozen=True, kw_only=True):
    """A part of a file that could not be taken."""

    file: Annotated[str, Meta(description="The file.")]
    line: Annotated[int | None, Meta(description="The line, null where it is about no line.")] = None
    path: Annotated[str, Meta(description="The field's path, empty where it is about no field.")] = ""
    message: Annotated[str, Meta(description="What is wrong.")]


class DeferredFields(Fields, frozen=True, kw_only=True):
    """A business whose file is not accepted as it is."""

    business_id: Annotated[str, Meta(description="Which business.")]
    file: Annotated[str, Meta(description="What declares it.")]
    reason: Annotated[str, Meta(description="Why it waits, for people.")]
    until: Annotated[str | None, Meta(description="When it is accepted, in ISO 8601; null when nobody knows.")]
    changes: Annotated[
        tuple[ChangeFields, ...], Meta(description="How what the file says differs from what is accepted.")
    ]


class PreviewDocument(PlanDocument, frozen=True, kw_only=True):
    """A plan, and what stands beside it: that changes while what is done stays the same, and is not hashed."""

    problems: Annotated[
        tuple[ProblemFields, ...],
        Meta(description="What is wrong with files, which therefore are not considered. Not hashed."),
    ] = ()
    prune_blocked: Annotated[str | None, Meta(description="Why removals wait, null when none do. Not hashed.")] = None
    deferred: Annotated[
        tuple[DeferredFields, ...], Meta(description="What files say and is not accepted now. Not hashed.")
    ] = ()
    fetches: Annotated[
        tuple[FetchFields, ...],
        Meta(description="The image that each create and update needs on its node. Not hashed."),
    ] = ()
    downloads: Annotated[
        tuple[DownloadFields, ...],
        Meta(description="What each node that lacks images gets in all. Not hashed."),
    ] = ()
    unknowns: Annotated[tuple[UnknownFields, ...], Meta(description="What the plan could not know. Not hashed.")] = ()

    @property
    def in_sync(self) -> bool:
        """Tell whether nothing differs."""
        return not (self.actions or self.pending or self.deferred or self.drifted)


HASHED = tuple(name for name in PlanDocument.__struct_fields__ if name != "hash")
"""What the hash of a plan is of."""

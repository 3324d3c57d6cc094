"""A decision's state cut into parts that are shared: what did not change since the last decision is kept once.

Each part is JSON under its sha256. A part holds a few businesses, what is known of a few nodes, or the allocations on
them; what nodes measure, which changes with every heartbeat, is a part of its own. The manifest lists the parts, is one
itself, and stands for the whole: the same state gives the same manifest, in whatever order it was told.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from reconciler.manifest.memo import Memo
from reconciler.plan.keep.forms import form_of, value_of
from reconciler.plan.keep.state import State
from reconciler.plan.keep.state_json import APART, encoded
from reconciler.plan.keep.upgrade import STATE, STATE_BEFORE, upgraded_allocation, upgraded_manifest, upgraded_state
from reconciler.plan.model.desired import DesiredBusiness
from reconciler.plan.model.observed import Allocation, Node, Observed
from reconciler.plan.show.format import format_of

Form = dict[str, Any]

MEASURED = ("last_seen", "cpu_percent", "memory_used_mb", "disk_free_mb")
"""The fields of a node that every heartbeat changes."""

BUSINESSES_TOGETHER = 8
NODES_TOGETHER = 16
"""About so many share a part: more make the manifest shorter and a change dearer."""


class Manifest(msgspec.Struct, frozen=True):
    """The digests of a state's parts. `now` is the time of the plan, in seconds since the epoch.

    `format` is that of the state which the parts come to.
    """

    format: str
    now: float
    businesses: list[str]
    nodes: list[str]
    allocations: list[str]
    measures: str
    rest: str
    made: str

    def digests(self) -> Iterable[str]:
        """List the digests of all parts."""
        return (*self.businesses, *self.nodes, *self.allocations, self.measures, self.rest, self.made)


@dataclass(frozen=True, slots=True)
class Record:
    """A state in parts, by digest; `manifest` is the digest of the one that lists the others."""

    manifest: str
    parts: Mapping[str, bytes]


def record(state: State, made: object) -> Record:
    """Cut a state, and what was decided by it, into parts. They hold no secret."""
    sealed, parts = state.sealed(), _Parts()
    desired, observed = sealed.desired, sealed.observed
    nodes = [node for _, node in sorted(observed.nodes.items())]
    rest = {
        "policy": form_of(sealed.policy),
        "removed": [business for _, business in sorted(desired.removed.items())],
        "desired": form_of(desired, APART),
        "observed": form_of(observed, APART),
    }
    manifest = Manifest(
        str(STATE),
        sealed.now,
        parts.add_groups(
            ((key, _entry_text(entry)) for key, entry in desired.businesses.items()),
            len(desired.businesses) // BUSINESSES_TOGETHER,
        ),
        parts.add_groups(((node.node_id, _unmeasured(node)) for node in nodes), len(nodes) // NODES_TOGETHER),
        parts.add_groups(_allocations(observed), len(nodes) // NODES_TOGETHER),
        parts.add(_encode([[getattr(node, name) for node in nodes] for name in MEASURED])),
        parts.add(_encode(rest)),
        parts.add(_encode(made)),
    )
    return Record(parts.add(_encode(manifest)), parts.by_digest)


def manifest_of(data: bytes) -> Manifest:
    """Read a manifest, also one of the version before. Raises msgspec.MsgspecError."""
    form = msgspec.json.decode(data)
    if format_of(form) is None:
        form = upgraded_manifest(form)
    return msgspec.convert(form, Manifest)


def allocations_of(manifest: Manifest, part: bytes) -> list[Allocation]:
    """Read the allocations in a part of this manifest that holds some."""
    forms = msgspec.json.decode(part)
    if manifest.format == str(STATE_BEFORE):
        forms = map(upgraded_allocation, forms)
    return [value_of(Allocation, form) for form in forms]


def restored(manifest: Manifest, part: Callable[[str], bytes]) -> bytes:
    """Put a state's text together as `to_json` writes it, with what was decided by it, in the format of today.

    `part` gives a part by its digest.
    """

    def read(digest: str) -> Any:
        return msgspec.json.decode(part(digest))

    def items(digests: Iterable[str]) -> list[Form]:
        return [item for digest in digests for item in read(digest)]

    nodes = sorted(items(manifest.nodes), key=lambda node: str(node["node_id"]))
    for name, values in zip(MEASURED, read(manifest.measures), strict=True):
        for node, value in zip(nodes, values, strict=True):
            node[name] = value
    form = read(manifest.rest) | {
        "format": manifest.format,
        "now": manifest.now,
        "businesses": sorted(items(manifest.businesses), key=lambda entry: str(entry["business"]["business_id"])),
        "nodes": nodes,
        "allocations": sorted(
            items(manifest.allocations), key=lambda allocation: (allocation["key"], allocation["node_id"])
        ),
        "made": read(manifest.made),
    }
    return encoded(upgraded_state(form) if manifest.format == str(STATE_BEFORE) else form)


class _Parts:
    """The parts so far, by their digests."""

    def __init__(self) -> None:
        self.by_digest: dict[str, bytes] = {}

    def add(self, data: bytes) -> str:
        """Add a part, and return its digest."""
        digest = hashlib.sha256(data).hexdigest()
        self.by_digest[digest] = data
        return digest

    def add_groups(self, items: Iterable[tuple[str, bytes]], count: int) -> list[str]:
        """Add (id, text) pairs, those of one id together, in about `count` parts, and return their digests.

        An id's part follows from the id alone until the count has doubled, so that a newcomer changes one part.
        """
        mask = (1 << count.bit_length()) - 1
        groups: dict[int, list[bytes]] = {}
        for name, text in items:
            groups.setdefault(_spread(name) & mask, []).append(text)
        return [self.add(b"[" + b",".join(sorted(group)) + b"]") for _, group in sorted(groups.items())]


def _spread(name: str) -> int:
    return zlib.crc32(name.encode("utf-8", "surrogatepass"))


def _encode(value: object) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _unmeasured(node: Node) -> bytes:
    """A node without what it measures."""
    return _encode(replace(node, last_seen=0.0, cpu_percent=0.0, memory_used_mb=0.0, disk_free_mb=None))


def _allocations(observed: Observed) -> Iterable[tuple[str, bytes]]:
    """Every allocation, by its node."""
    return ((allocation.node_id, _encode(allocation)) for allocation in observed.allocations)


_entry_text: Memo[DesiredBusiness, bytes] = Memo(lambda entry: _encode(form_of(entry)))
"""A sealed business as JSON."""

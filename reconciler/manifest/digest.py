"""The digest of a component: what, if changed, needs a new container."""

import hashlib

import msgspec

from reconciler.manifest.memo import Memo
from reconciler.manifest.model import LIVE_LIMITS, Component
from reconciler.manifest.secrets.seal import sealed

NOT_IN_DIGEST = (
    "component_name",
    "affinity",
    "replicas",
    "mode",
    "depends_on",
    "on_node_loss",
    "update",
    "pull_policy",
    "stop_grace_period",
    "ignore_drift",
)
"""Fields that say where, how many, or how it is named or ended, and leave a running container right as it is."""


def container_form(component: Component) -> dict[str, object]:
    """The part of a component's document that decides what its container is."""
    document: dict[str, object] = msgspec.to_builtins(component)
    for field in NOT_IN_DIGEST:
        document.pop(field, None)
    resources = document.get("resource_requirements")
    if isinstance(resources, dict):
        document["resource_requirements"] = resources | {name: bool(resources.get(name)) for name in LIVE_LIMITS}
    return document


def digest(component: Component, restarts: int = 0) -> str:
    """sha256 (64 hex digits) of the canonical JSON of `container_form`, with tokens in the place of secrets.

    So whoever has the spec without its secrets finds the same digest. `restarts` counts how often an operator asked for
    a restart: each needs a new container, so it is part of the digest and a restart is an update like any other. Zero
    adds nothing.
    """
    if not restarts:
        return _plain_digest(component)
    return digest_of_sealed(sealed(component), restarts)


def digest_of_sealed(component: Component, restarts: int = 0) -> str:
    """The digest of a component that has no secrets any more, whatever its references were resolved to."""
    form = container_form(component)
    if restarts:
        form["restarts"] = restarts
    return hashlib.sha256(msgspec.json.encode(form, order="deterministic")).hexdigest()


_plain_digest: Memo[Component, str] = Memo(lambda component: digest_of_sealed(sealed(component)))

"""The marks on our containers: what makes them ours, whose instance they are, and how to find them again.

The labels are the agent's only memory, so everything that is needed to report or to end an instance is in them.
"""

import hashlib
import math
import re

import msgspec

from reconciler.manifest.model import Healthcheck
from reconciler.wire.messages import Deploy, InstanceKey, Reservation, reservation_of

BUSINESS = "reconciler.business_id"
COMPONENT = "reconciler.component_id"
INSTANCE = "reconciler.instance"
NODE = "reconciler.node_id"
DIGEST = "reconciler.digest"
VERSION = "reconciler.version"
RESERVATION = "reconciler.promise"
GRACE = "reconciler.grace"
PROBE = "reconciler.probe"
PRE_STOP = "reconciler.pre_stop"
SINGLETON = "reconciler.singleton"
REVISION = "reconciler.revision"
COMMIT = "reconciler.commit"

NAME_CHARACTERS_MAX = 180


def labels_of(deploy: Deploy, node_id: str) -> dict[str, str]:
    """Make all labels of the instance's container: the component's own, and ours, which win."""
    component, check = deploy.component, deploy.component.healthcheck
    labels = {
        **component.labels,
        BUSINESS: deploy.business_id,
        COMPONENT: component.component_id,
        INSTANCE: str(deploy.instance),
        NODE: node_id,
        DIGEST: deploy.digest,
        VERSION: str(deploy.version),
        RESERVATION: msgspec.json.encode(reservation_of(component, deploy.gpu_devices)).decode(),
        GRACE: str(math.ceil(component.stop_grace_period)),
    }
    if check is not None and (check.http or check.tcp):
        labels[PROBE] = msgspec.json.encode(check).decode()
    if deploy.revision:
        labels[REVISION] = str(deploy.revision)
    if deploy.commit:
        labels[COMMIT] = deploy.commit
    if component.singleton:
        labels[SINGLETON] = "true"
    if component.pre_stop:
        labels[PRE_STOP] = msgspec.json.encode(component.pre_stop).decode()
    return labels


def container_name(key: InstanceKey, node_id: str) -> str:
    """Make the one name of this instance's container on this node, so that the Engine refuses a second one.

    Where ids hold characters that names can't have (or dots, which separate), a hash keeps names apart.
    """
    parts = (key.business_id, key.component_id, str(key.instance), node_id)
    plain = ".".join(parts)
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", plain)
    name = name if name[0].isalnum() else f"r{name}"
    if name != plain or any("." in part for part in parts) or len(name) > NAME_CHARACTERS_MAX:
        mark = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]
        name = f"{name[:NAME_CHARACTERS_MAX]}-{mark}"
    return name


def alongside_name(name: str, version: int) -> str:
    """Name an instance's container while the one before it still runs."""
    return f"{name}.v{version}"


def key_of(labels: dict[str, str]) -> InstanceKey | None:
    """Read whose instance a container with these labels is; None when they don't say."""
    try:
        return InstanceKey(labels[BUSINESS], labels[COMPONENT], int(labels[INSTANCE]))
    except (KeyError, ValueError):
        return None


def reservation_in(labels: dict[str, str]) -> Reservation:
    """Read what the container holds of its node; nothing when the label is missing or damaged."""
    try:
        return msgspec.json.decode(labels.get(RESERVATION, "{}"), type=Reservation)
    except msgspec.MsgspecError:
        return Reservation()


def version_in(labels: dict[str, str]) -> int:
    """Read the version in the labels; 0 when there is none."""
    text = labels.get(VERSION, "")
    return int(text) if text.isdecimal() else 0


def grace_in(labels: dict[str, str]) -> int:
    """Read the seconds that the container gets to end by itself; the Engine's own 10 when the label is missing."""
    text = labels.get(GRACE, "")
    return int(text) if text.isdecimal() else 10


def probe_in(labels: dict[str, str]) -> Healthcheck | None:
    """Read the healthcheck that the agent itself makes, by http or tcp; None when there is none."""
    if PROBE not in labels:
        return None
    try:
        return msgspec.json.decode(labels[PROBE], type=Healthcheck)
    except msgspec.MsgspecError:
        return None


def pre_stop_in(labels: dict[str, str]) -> tuple[str, ...]:
    """Read the words to run in the container before it is told to end; none when there are none."""
    try:
        return msgspec.json.decode(labels.get(PRE_STOP, "[]"), type=tuple[str, ...])
    except msgspec.MsgspecError:
        return ()

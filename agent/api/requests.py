"""Requests of the agent's API as messages, with what an operator with curl leaves out filled in.

The manager always sends `instance`, `digest` and `version`. The mission's own bodies have none of them: then it is
instance 0, the digest of what was sent, and a version newer than any seen.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from agent.runtime.contract import LogQuery
from agent.supervisor.supervisor import Supervisor
from reconciler.manifest.digest import digest
from reconciler.manifest.ids import is_id
from reconciler.manifest.model import Component
from reconciler.wire.codec import DEPLOY_FIELDS, MessageError
from reconciler.wire.exec_stream import check_exec
from reconciler.wire.messages import Deploy, Exec, InstanceKey, Stop

T = TypeVar("T")

MAX_TAIL = 10_000
CURSOR = re.compile(r"[A-Za-z0-9-]{1,80} (?:[0-9]{1,18}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z)?", re.ASCII)


def read_deploy(body: bytes, supervisor: Supervisor) -> Deploy:
    """The deploy in a body. Raises MessageError, and UnknownRuntime for a type that this node can't run."""
    document = _document(body)
    kind = document.get("type", "docker")
    if isinstance(kind, str):
        supervisor.check_kind(kind)
    own = {field: document.pop(field) for field in DEPLOY_FIELDS if field in document}
    component = _convert(document, Component)
    key = _key(own.get("business_id"), component.component_id, own.get("instance", 0))
    own.setdefault("instance", 0)
    own.setdefault("digest", digest(component))
    own.setdefault("version", supervisor.next_version(key))
    deploy = _convert(own | {"component": component}, Deploy)
    if deploy.version < 0:
        raise MessageError("version: must be 0 or more", readable=True)
    if not deploy.digest:
        raise MessageError("digest: must not be empty; leave it out to have it computed", readable=True)
    return deploy


def read_stop(body: bytes, supervisor: Supervisor) -> Stop:
    """The stop in a body. Without `instance`, a known `container_id` says which one is meant. Raises MessageError."""
    document = _document(body)
    stop = _convert(document, Stop)
    _key(stop.business_id, stop.component_id, stop.instance)
    if stop.container_id and "instance" not in document:
        for report in supervisor.instances():
            same = (report.business_id, report.component_id) == (stop.business_id, stop.component_id)
            if same and (report.container_id or "").startswith(stop.container_id):
                return msgspec.structs.replace(stop, instance=report.instance)
    return stop


def read_exec(body: bytes) -> Exec:
    """The command in a body. Raises MessageError."""
    exec_ = _convert(_document(body), Exec)
    _key(exec_.business_id, exec_.component_id, exec_.instance)
    check_exec(exec_.command, exec_.timeout)
    return exec_


def read_log_query(given: Mapping[str, str]) -> tuple[InstanceKey, LogQuery]:
    """The instance and the lines that the query of an address asks for. Raises MessageError."""
    numbers = {}
    for name, default, most in (("instance", 0, 2**31), ("tail", 100, MAX_TAIL), ("since", 0, 2**40)):
        text = given.get(name, str(default))
        if not text.isascii() or not text.isdigit() or len(text) > 12 or int(text) > most:
            raise MessageError(f"{name}: '{text[:40]}' is not a whole number from 0 to {most}", readable=True)
        numbers[name] = int(text)
    key = _key(given.get("business_id"), given.get("component_id"), numbers["instance"])
    cursor = given.get("cursor", "")
    if cursor and not CURSOR.fullmatch(cursor):
        raise MessageError("cursor: is none that a reply gave", readable=True)
    return key, LogQuery(numbers["tail"], float(numbers["since"]), cursor)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(f"the body is not JSON: {error}", readable=False) from None
    if not isinstance(document, dict):
        raise MessageError("the body must be a JSON object", readable=True)
    return document


def _convert(document: dict[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(document, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise MessageError(str(error), readable=True) from None


def _key(business_id: object, component_id: object, instance: object) -> InstanceKey:
    """The instance, once its parts are such that they can name files and containers."""
    for name, value in (("business_id", business_id), ("component_id", component_id)):
        if not isinstance(value, str) or not is_id(value):
            raise MessageError(
                f"{name}: must be 1 to 63 letters, digits, '.', '_' or '-', a letter or digit at both ends",
                readable=True,
            )
    if not isinstance(instance, int) or isinstance(instance, bool) or instance < 0:
        raise MessageError("instance: must be a whole number from 0", readable=True)
    return InstanceKey(str(business_id), str(component_id), instance)

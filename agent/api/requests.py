"""Requests of the agent's API as messages, with what an operator with curl leaves out filled in.

The manager always sends `instance`, `digest` and `version`. The mission's own bodies have none of them: then it is
instance 0, the digest of what was sent, and a version newer than any seen.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from agent.runtime.contract import LogQuery
from agent.supervisor.supervisor import Supervisor
from reconciler.manifest.digest import digest
from reconciler.manifest.ids import ALLOWED, is_id
from reconciler.manifest.model import Component
from reconciler.wire.codec import DEPLOY_FIELDS, MessageError
from reconciler.wire.exec_stream import check_exec
from reconciler.wire.messages import Deploy, InstanceKey, Stop
from reconciler.wire.streams import Exec

T = TypeVar("T", bound=msgspec.Struct)

CURSOR = re.compile(r"[A-Za-z0-9-]{1,80} (?:[0-9]{1,18}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z)?", re.ASCII)
WHERE = re.compile(r"(?P<problem>.*) - at `\$\.?(?P<field>.+)`", re.DOTALL)
"""How msgspec says what is wrong, and where."""


class Id(str):
    """A business's or component's id: such that it can name files and containers."""

    __slots__ = ()


class Cursor(str):
    """A cursor that a reply to a query of logs gave; empty for none."""

    __slots__ = ()


Count = Annotated[int, Meta(ge=0)]


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """Which instance a request is about."""

    business_id: Id
    component_id: Id
    instance: Count = 0

    @property
    def key(self) -> InstanceKey:
        """The instance."""
        return InstanceKey(str(self.business_id), str(self.component_id), self.instance)


class DeployBody(Body, frozen=True, kw_only=True):
    """`POST /api/deploy`, but for the component, whose fields stand at the top level beside these."""

    type: str = "docker"
    digest: Annotated[str, Meta(min_length=1)] | None = None
    version: Count | None = None
    gpu_devices: tuple[int, ...] = ()
    heal: tuple[str, ...] = ()
    revision: int = 0
    commit: str = ""


class StopBody(Body, frozen=True, kw_only=True):
    """`POST /api/stop`. Without `version` whatever runs is meant, and a `container_id` says of which instance."""

    version: Count = 0
    container_id: str | None = None


class ExecBody(Body, frozen=True, kw_only=True):
    """`POST /api/exec`: the words to run, for at most `timeout` seconds."""

    command: tuple[str, ...]
    timeout: float = 60.0


class LogParams(Body, frozen=True, kw_only=True):
    """`GET /api/logs`, as the query of its address: the last `tail` lines, or those after `cursor`."""

    tail: Annotated[int, Meta(ge=0, le=10_000)] = 100
    since: Annotated[int, Meta(ge=0, le=2**40)] = 0
    cursor: Cursor = Cursor()


def read_deploy(body: bytes, supervisor: Supervisor) -> Deploy:
    """Read the deploy in a body. Raises MessageError, and UnknownRuntime for a type that this node can't run."""
    document = _document(body)
    given = _convert(document, DeployBody)
    supervisor.inventories.of(given.type)
    component = _convert({name: value for name, value in document.items() if name not in DEPLOY_FIELDS}, Component)
    return Deploy(
        business_id=given.key.business_id,
        component=component,
        instance=given.instance,
        digest=digest(component) if given.digest is None else given.digest,
        version=supervisor.next_version(given.key) if given.version is None else given.version,
        gpu_devices=given.gpu_devices,
        heal=given.heal,
        revision=given.revision,
        commit=given.commit,
    )


def read_stop(body: bytes, supervisor: Supervisor) -> Stop:
    """Read the stop in a body. Without `instance`, a known `container_id` says which is meant. Raises MessageError."""
    document = _document(body)
    given = _convert(document, StopBody)
    key = given.key
    if given.container_id and "instance" not in document:
        key = _key_with(given.container_id, key, supervisor)
    return Stop(
        business_id=key.business_id,
        component_id=key.component_id,
        instance=key.instance,
        version=given.version,
        container_id=given.container_id,
    )


def read_exec(body: bytes) -> Exec:
    """Read the command in a body. Raises MessageError."""
    given = _convert(_document(body), ExecBody)
    check_exec(given.command, given.timeout)
    key = given.key
    return Exec(
        business_id=key.business_id,
        component_id=key.component_id,
        instance=key.instance,
        command=given.command,
        timeout=given.timeout,
    )


def read_log_query(query: Mapping[str, str]) -> tuple[InstanceKey, LogQuery]:
    """Read the instance and the lines that the query of an address asks for. Raises MessageError."""
    given = _convert(dict(query), LogParams, strict=False)
    return given.key, LogQuery(given.tail, float(given.since), str(given.cursor))


def _key_with(container_id: str, key: InstanceKey, supervisor: Supervisor) -> InstanceKey:
    """Return the key of the component's instance whose container's id begins so; `key` where there is none."""
    for report in supervisor.instances():
        same = (report.business_id, report.component_id) == (key.business_id, key.component_id)
        if same and report.container_id is not None and report.container_id.startswith(container_id):
            return report.key
    return key


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(f"the body is not JSON: {error}", readable=False) from None
    if not isinstance(document, dict):
        raise MessageError("the body must be a JSON object", readable=True)
    return document


def _convert(document: dict[str, Any], kind: type[T], strict: bool = True) -> T:
    """Return the document as a struct of this kind. Raises MessageError, which names the field."""
    try:
        return msgspec.convert(document, kind, strict=strict, dec_hook=_checked)
    except (msgspec.ValidationError, RecursionError) as error:
        found = WHERE.fullmatch(str(error))
        raise MessageError(f"{found['field']}: {found['problem']}" if found else str(error), readable=True) from None


def _checked(kind: type, value: object) -> object:
    """Return a value of one of our own text types. Raises ValueError, to which msgspec adds the field."""
    if kind is Id and isinstance(value, str) and is_id(value):
        return Id(value)
    if kind is Cursor and isinstance(value, str) and (not value or CURSOR.fullmatch(value)):
        return Cursor(value)
    raise ValueError("is none that a reply gave" if kind is Cursor else f"must be {ALLOWED}")

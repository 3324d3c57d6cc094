"""Messages to and from JSON, with the component's fields at the top level of a deploy as the mission has it."""

from typing import Any, TypeVar

import msgspec

from reconciler.manifest.model import Component
from reconciler.wire.messages import Deploy

T = TypeVar("T", bound=msgspec.Struct)

DEPLOY_FIELDS = ("business_id", "instance", "digest", "version", "gpu_devices", "heal", "revision", "commit")


class MessageError(Exception):
    """A body is not the message it should be; the text says which field and why.

    `readable` says that it is JSON at least.
    """

    def __init__(self, message: str, readable: bool) -> None:
        self.readable = readable
        super().__init__(message)


def encode(message: msgspec.Struct) -> bytes:
    """The message as JSON."""
    return encode_deploy(message) if isinstance(message, Deploy) else msgspec.json.encode(message)


def decode(data: bytes, kind: type[T]) -> T:
    """The message of this kind in a JSON body. Raises MessageError."""
    try:
        if kind is Deploy:
            return decode_deploy(data)  # type: ignore[return-value]
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise MessageError(str(error), readable=True) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(str(error), readable=False) from None


def encode_deploy(deploy: Deploy) -> bytes:
    """A deploy as the agent's API takes it."""
    document: dict[str, Any] = msgspec.to_builtins(deploy.component)
    document |= {field: getattr(deploy, field) for field in DEPLOY_FIELDS}
    if not deploy.heal:
        del document["heal"]  # which older agents would refuse
    return msgspec.json.encode(document)


def decode_deploy(data: bytes) -> Deploy:
    """Read what `encode_deploy` wrote."""
    document = msgspec.json.decode(data, type=dict[str, Any])
    own = {field: document.pop(field) for field in DEPLOY_FIELDS if field in document}
    own.setdefault("instance", 0)
    component = msgspec.convert(document, Component)
    return msgspec.convert(own | {"component": component}, Deploy)

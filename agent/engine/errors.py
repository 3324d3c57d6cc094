"""The Engine's errors as reasons that an operator can act on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import requests
import urllib3
from docker.errors import APIError, DockerException

from agent.runtime.contract import RuntimeFailure

CONFLICT = 409
"""The HTTP status of a call that the state of things does not allow, such as a name that is taken."""

REASON_CHARACTERS_MAX = 400

REASONS: tuple[tuple[str, str], ...] = (
    (
        r"Bind for (\S+) failed: port is already allocated",
        "host port {0} is already taken by another container",
    ),
    (
        r"listen \w+ (\S+): bind: address already in use",
        "host port {0} is already taken by a program on the node",
    ),
    (r"exposing port \w+ (\S+) -> .*address already in use", "host port {0} is already taken on the node"),
    (
        r"listen \w+ (\S+): bind: cannot assign requested address",
        "the node has no address {0} to publish a port on",
    ),
    (
        r'exec: \\?"([^"\\]+)\\?": executable file not found',
        "the image has no program {0!r}; see command and entrypoint",
    ),
    (
        r'exec: \\?"([^"\\]+)\\?": stat \S+: no such file',
        "the image has no program {0!r}; see command and entrypoint",
    ),
    (r'exec: \\?"([^"\\]+)\\?": permission denied', "the program {0!r} in the image is not executable"),
    (r'adding custom device \\?"([^"\\]+)\\?"', "the node has no device {0}; see devices"),
    (
        r"could not select device driver",
        "the Engine can't give GPUs: install the NVIDIA Container Toolkit on the node",
    ),
    (r"(?i)unknown (?:or invalid runtime name:|runtime specified) (\S+)", "the Engine has no runtime {0}; see runtime"),
    (
        r'error mounting \\?"([^"\\]+)\\?" to rootfs at \\?"([^"\\]+)\\?".*not a directory',
        "of {0} on the node and {1} in the image one is a file and the other a directory; see volumes",
    ),
    (
        r'error mounting \\?"([^"\\]+)\\?" to rootfs at \\?"([^"\\]+)\\?".*(read-only file system|permission denied)',
        "{0} can't be mounted at {1}: {2}; see volumes",
    ),
    (r"unable to find user (\S+?):", "the image has no user {0}; see user"),
    (
        r"(?i)processing tar file.*open (\S+): no such file or directory",
        "its path {0} leads outside of the container or nowhere; see config_files",
    ),
    (r"No such image: (\S+)", "the image {0} is not on the node any more"),
)


def reason_of(text: str) -> str:
    """Make one readable line of what the Engine said."""
    for pattern, reason in REASONS:
        found = re.search(pattern, text)
        if found:
            return reason.format(*found.groups())
    line = " ".join(text.split())
    return line if len(line) <= REASON_CHARACTERS_MAX else f"{line[:REASON_CHARACTERS_MAX]}..."


def explanation(error: APIError) -> str:
    """Return what the Engine itself said of an error, or its HTTP status where it said nothing."""
    return str(error.explanation or error)


def no_address_pool(error: APIError) -> bool:
    """Tell whether a network can't be made because the Engine has given out all of its addresses."""
    return bool(re.search(r"non-overlapping IPv4 address pool|address pools have been fully", explanation(error)))


def overlapping_pool(error: APIError) -> bool:
    """Tell whether a network can't be made because another one has addresses in its subnet."""
    return "Pool overlaps" in explanation(error)


def network_changed(error: APIError) -> bool:
    """Tell whether a container can't join a network because another agent made or removed one of that name just now."""
    return bool(re.search(r"network \S+ (not found|is ambiguous)", explanation(error)))


def load_reason(text: str) -> str:
    """Say why the Engine can't load a tar."""
    if re.search(r"no such file or directory|manifest\.json|invalid manifest", text):
        return (
            "it holds no image as `docker save` writes them (a tar of plain files, as `docker export` makes, is none)"
        )
    if re.search(r"unexpected EOF|invalid tar header|gzip:|flate:|magic number", text):
        return "it is damaged or no tar archive"
    return reason_of(text)


def pull_reason(text: str) -> str:
    """Say why an image can't be pulled."""
    if re.search(r"manifest( for \S+)? (not found|unknown)", text):
        return "the registry has no such image or tag"
    if re.search(r"pull access denied|unauthorized|authentication required|no basic auth", text):
        return "the registry has no such image, or wants a login (`docker login` on the node)"
    if "connection refused" in text:
        return "the registry refuses the connection"
    if re.search(r"no such host|server misbehaving", text):
        return "the registry's host name is not known on this node"
    if re.search(r"timeout|deadline exceeded|Client.Timeout", text):
        return "the registry does not answer"
    return reason_of(text)


def is_exec_refusal(data: bytes) -> bool:
    """Tell whether the Engine says, in place of a command's output, that it can't be started."""
    return data.startswith(b"OCI runtime exec failed")


def exec_reason(text: str, program: str) -> str:
    """Say why a program can't be started in a container."""
    if re.search("executable file not found|no such file or directory", text):
        return f"there is no program '{program}' in the container"
    if "permission denied" in text:
        return f"'{program}' in the container can't be executed by its user"
    return reason_of(text)


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn the Engine's errors within into RuntimeFailure: `what` could not be done, and why."""
    try:
        yield
    except APIError as error:
        raise RuntimeFailure(f"{what}: {reason_of(explanation(error))}") from error
    except requests.Timeout as error:
        raise RuntimeFailure(f"{what}: the Docker Engine took too long to answer") from error
    except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise RuntimeFailure(
            f"{what}: the Docker Engine does not answer; is it running, and may this user reach it?"
        ) from error

"""The Engine's two ways to an image: loading a `docker save` tar, and pulling from a registry."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import APIError
from docker.utils import parse_repository_tag

from agent.engine.errors import explanation, readable, reason_of
from agent.engine.images.download import MIB, shown
from agent.runtime.contract import ProgressCallback, RuntimeFailure
from reconciler.manifest.images import full_name

ARCHIVES = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
"""How gzip, bzip2, xz and zstd files begin; the Engine unpacks them itself."""


def load_image(client: APIClient, path: Path, name: str, url: str, tagged: bool) -> list[str]:
    """Load the tar, which shall hold the image `name`; where not `tagged`, its only image gets that name.

    Returns the full names that the images in the tar have. Raises RuntimeFailure when it is no image, or holds
    another one.
    """
    where = shown(url)
    refuse_other_files(path, where)
    loaded: list[str] = []
    with readable(f"cannot load the image from {where}"), path.open("rb") as tar:
        lines: Iterator[dict[str, Any]] = client.load_image(tar, quiet=False)  # type: ignore[no-untyped-call]
        for line in lines:
            if "error" in line:
                raise RuntimeFailure(f"{where} can't be loaded: {load_reason(str(line['error']))}")
            loaded += re.findall(r"^Loaded image(?: ID)?: (\S+)", line.get("stream", ""), re.MULTILINE)
        if not tagged and len(loaded) == 1:
            repository, tag = name.rsplit(":", 1)
            client.tag(loaded[0], repository, tag)
            return full_names(loaded)
    if not tagged:
        raise RuntimeFailure(f"{where} holds {len(loaded)} images; set image_name to say which one to run")
    if full_name(name) not in map(full_name, loaded):
        holds = ", ".join("an image without a name" if one.startswith("sha256:") else one for one in loaded)
        raise RuntimeFailure(f"{where} holds {holds or 'no image'}, not {name}; set image_name to what it holds")
    return full_names(loaded)


def full_names(loaded: list[str]) -> list[str]:
    """The full names among what was loaded; an image without a name is loaded as its id."""
    return [full_name(one) for one in loaded if not one.startswith("sha256:")]


def refuse_other_files(path: Path, where: str) -> None:
    """Raise RuntimeFailure when the file is plainly no tar, such as a web page."""
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(ARCHIVES) or start[257:262] == b"ustar":
        return
    web_page = b"<html" in start.lower() or b"<!doctype" in start.lower()
    what = "a web page" if web_page else "no tar archive"
    raise RuntimeFailure(f"{where} is {what}; image_url must lead to what `docker save` wrote")


def load_reason(text: str) -> str:
    """Why the Engine can't load a tar."""
    if re.search(r"no such file or directory|manifest\.json|invalid manifest", text):
        return (
            "it holds no image as `docker save` writes them (a tar of plain files, as `docker export` makes, is none)"
        )
    if re.search(r"unexpected EOF|invalid tar header|gzip:|flate:|magic number", text):
        return "it is damaged or no tar archive"
    return reason_of(text)


def pull_image(client: APIClient, name: str, platform: str | None, progress: ProgressCallback) -> None:
    """Pull an image from its registry, with the credentials of the user's Docker configuration.

    Raises RuntimeFailure with what the registry or the Engine says.
    """
    repository, tag = parse_repository_tag(name)
    layers: dict[str, tuple[int, int]] = {}
    progress(None, f"pulling {name}")
    with readable(f"cannot pull {name}"):
        try:
            lines = client.pull(repository, tag or "latest", stream=True, decode=True, platform=platform)
        except APIError as error:
            raise RuntimeFailure(f"cannot pull {name}: {pull_reason(explanation(error))}") from error
        for line in lines:
            if "error" in line:
                raise RuntimeFailure(f"cannot pull {name}: {pull_reason(str(line['error']))}")
            note_layer(layers, line)
            total = sum(size for _, size in layers.values())
            if total:
                done = sum(got for got, _ in layers.values())
                progress(min(done / total, 1.0), f"pulling {done / MIB:.1f} of {total / MIB:.1f} MB")


def note_layer(layers: dict[str, tuple[int, int]], line: dict[str, Any]) -> None:
    """Note how far the layer that a line of progress is about has come: bytes, of bytes."""
    detail = line.get("progressDetail") or {}
    if line.get("status") == "Downloading" and detail.get("total"):
        layers[line["id"]] = (detail.get("current", 0), detail["total"])
    elif line.get("status") == "Download complete" and line.get("id") in layers:
        size = layers[line["id"]][1]
        layers[line["id"]] = (size, size)


def pull_reason(text: str) -> str:
    """Why an image can't be pulled."""
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

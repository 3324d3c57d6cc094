"""Loading an image from a `docker save` tar."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docker import APIClient

from agent.engine.errors import load_reason, readable
from agent.engine.images.download import shown
from agent.runtime.contract import RuntimeFailure
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
    """Spell the names among what was loaded in full; an image without a name is loaded as its id."""
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

"""Pulling an image from its registry."""

from typing import Any

from docker import APIClient
from docker.errors import APIError
from docker.utils import parse_repository_tag

from agent.engine.errors import explanation, pull_reason, readable
from agent.engine.images.download import MIB
from agent.runtime.contract import ProgressCallback, RuntimeFailure


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

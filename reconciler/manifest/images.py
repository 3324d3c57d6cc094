"""How images are named, the same for who plans and who fetches them. Pure: nothing is looked up."""

import hashlib
from functools import lru_cache

from reconciler.manifest.model import Component
from reconciler.manifest.secrets.redact import without_password


def image_reference(component: Component) -> str:
    """The name that the component's image has on the Engine; one made of its URL where the component has none.

    A password in the URL is no part of the name: who sees the spec without its secrets must find the same one.
    """
    if component.image_name:
        return component.image_name
    url = without_password(component.image_url or "")
    return f"reconciler-image:{hashlib.sha256(url.encode()).hexdigest()[:16]}"


@lru_cache(maxsize=4096)
def full_name(name: str) -> str:
    """An image's name in the one spelling that all its spellings share: `docker.io/library/web` is `web:latest`.

    Where the name has a checksum, a tag beside it means nothing to the Engine and is left out.
    """
    name = name.removeprefix("docker.io/").removeprefix("library/")
    name, at, checksum = name.partition("@")
    folder, slash, last = name.rpartition("/")
    if at:
        return f"{folder}{slash}{last.partition(':')[0]}@{checksum}"
    return name if ":" in last else f"{name}:latest"


def needed_image(component: Component) -> str:
    """The full name of the image that an instance of the component needs, "" where it needs none."""
    if component.type != "docker" or not (component.image_name or component.image_url):
        return ""
    return full_name(image_reference(component))


def names_registry(image_name: str) -> bool:
    """Whether the name says its registry's host, as `registry.local:5000/web` does and `web:1` does not."""
    host, slash, _ = image_name.partition("/")
    return bool(slash) and ("." in host or ":" in host or host == "localhost")


def is_pulled(component: Component) -> bool:
    """Whether the image is asked of a registry at first, and not only loaded from its URL."""
    if component.image_url is None:
        return True
    return bool(component.image_name) and names_registry(component.image_name or "") and not component.image_sha256

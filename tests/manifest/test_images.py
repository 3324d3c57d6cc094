"""The names of images: every spelling that the Engine takes for one image is one name here."""

import pytest

from reconciler.manifest.images import full_name, is_pulled, names_registry, needed_image
from reconciler.manifest.model import Component


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("web", "web:latest"),
        ("web:2", "web:2"),
        ("library/web", "web:latest"),
        ("docker.io/library/web:2", "web:2"),
        ("docker.io/team/web", "team/web:latest"),
        ("registry.local:5000/web", "registry.local:5000/web:latest"),
        ("registry.local:5000/library/web:2", "registry.local:5000/library/web:2"),
        ("web@sha256:abc", "web@sha256:abc"),
        ("registry.local:5000/web:2@sha256:abc", "registry.local:5000/web@sha256:abc"),
    ],
)
def test_one_image_has_one_name(name: str, full: str) -> None:
    assert full_name(name) == full
    assert full_name(full) == full


def component(**fields: str) -> Component:
    return Component(component_id="web", component_name="web", **fields)  # type: ignore[arg-type]


def test_what_needs_an_image_and_which() -> None:
    assert needed_image(component(image_name="web")) == "web:latest"
    assert needed_image(component(image_url="http://files/web.tar")).startswith("reconciler-image:")
    assert needed_image(component()) == ""
    assert needed_image(component(type="process", image_name="web")) == ""


def test_what_is_pulled_and_what_is_loaded() -> None:
    url = "http://files/web.tar"
    assert is_pulled(component(image_name="web"))
    assert is_pulled(component(image_name="registry.local/web", image_url=url))
    assert not is_pulled(component(image_name="web", image_url=url))
    assert not is_pulled(component(image_name="registry.local/web", image_url=url, image_sha256="0" * 64))
    assert not is_pulled(component(image_url=url))


def test_a_name_that_says_its_registry() -> None:
    assert all(map(names_registry, ("localhost/web", "registry.local/web:1", "host:5000/web")))
    assert not any(map(names_registry, ("web", "web:1", "shop/web:1")))

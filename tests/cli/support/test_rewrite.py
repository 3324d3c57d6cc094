"""Adopting a field changes that field of the file, and not one other character that a person wrote."""

from typing import Any

import pytest

from reconciler.cli.commands.adopt import agreed
from reconciler.cli.support.errors import CliError
from reconciler.cli.support.rewrite import CannotAdopt, rewritten
from reconciler.manifest.load import load_text
from reconciler.manifest.model import Component

FILE = """\
# The shop.
business_id: shop
x-common: &common {restart: always}
components:
  - component_id: web   # what people see
    image_name: "nginx:1.27"
    <<: *common
    environment:
      - MODE=prod
      - DEBUG=0
    labels: {tier: web}
    ports: ["8080:80", "127.0.0.1:53:53/udp"]
    volumes:
      - /srv/www:/www:ro
      - cache:/cache

  - component_id: db
    image_name: redis:7
    resource_requirements:
      memory_mb: 512 # measured
---
business_id: other
components: [{component_id: web, image_name: x}]
"""


def adopted(component_id: str = "web", text: str = FILE, **changes: Any) -> Component:
    new = rewritten(text, "shop", component_id, changes)
    shop = load_text(new.encode(), "shop.yaml")[0]
    return next(part for part in shop.components if part.component_id == component_id)


def test_nothing_else_of_the_file_changes() -> None:
    new = rewritten(FILE, "shop", "db", {"resource_requirements.memory_mb": 1024})
    assert new == FILE.replace("memory_mb: 512", "memory_mb: 1024")
    assert rewritten(FILE, "shop", "web", {}) == FILE


def test_lists_keep_their_indentation() -> None:
    flat = FILE.replace("\n  - component", "\n- component").replace("\n    ", "\n  ")
    assert rewritten(flat, "shop", "web", {"user": "33"}).splitlines()[:5] == flat.splitlines()[:5]


@pytest.mark.parametrize(
    ("field", "value", "attribute", "expected"),
    [
        ("user", "33", "user", "33"),
        ("restart", "no", "restart", "no"),
        ("command", ["sleep", "5"], "command", ("sleep", "5")),
        ("read_only", True, "read_only", True),
        ("cap_add", ["CHOWN"], "cap_add", ("CHOWN",)),
        ("environment_variables.MODE", "test", "environment_variables", {"MODE": "test", "DEBUG": "0"}),
        ("environment_variables.NEW", "1", "environment_variables", {"MODE": "prod", "DEBUG": "0", "NEW": "1"}),
        ("environment_variables.DEBUG", None, "environment_variables", {"MODE": "prod"}),
        ("labels.tier", "db", "labels", {"tier": "db"}),
        ("labels.tier", None, "labels", {}),
    ],
)
def test_a_field_is_written_in_the_spelling_that_is_there(
    field: str, value: Any, attribute: str, expected: Any
) -> None:
    assert getattr(adopted(**{field: value}), attribute) == expected


def test_mounts_and_ports_are_written_by_their_target() -> None:
    web = adopted(**{"volumes[/cache]": {"type": "volume", "source": "other"}, "volumes[/www]": None})
    assert [(one.type, one.source, one.target) for one in web.volumes] == [("volume", "other", "/cache")]
    web = adopted(**{"ports[80]": [{"published": 9090}], "ports[53/udp]": None})
    assert [(one.published, one.target) for one in web.ports] == [(9090, 80)]


def test_limits_of_a_component_without_any_are_added() -> None:
    web = adopted(**{"resource_requirements.memory_mb": 64, "resource_requirements.cpu_cores": "0.5"})
    assert (web.resource_requirements.memory_mb, web.resource_requirements.cpu_cores) == (64, 0.5)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("environment_variables.DB_PASSWORD", "(hidden)", "environment_variables.DB_PASSWORD is a secret"),
        ("image", "sha256:1", "image can't be adopted: give the image as image_name"),
        ("name", "mine", "name can't be adopted"),
        ("cpuset", "0", "cpuset can't be adopted: the spec has no such field"),
        ("labels.text", "(long)", "labels.text is too long"),
    ],
)
def test_what_no_spec_can_say_is_refused_by_name(field: str, value: Any, words: str) -> None:
    with pytest.raises(CannotAdopt) as refused:
        rewritten(FILE, "shop", "web", {field: value, "user": "33"})
    assert words in str(refused.value)


def test_instances_that_differ_are_not_adopted() -> None:
    found = [{"component_id": "web", "instance": number, "field": "user", "actual": str(number)} for number in (0, 1)]
    with pytest.raises(CliError, match="user was changed to different values on web/0 and web/1"):
        agreed(found)
    assert agreed(found[:1]) == {"user": "0"}

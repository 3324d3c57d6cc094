"""Compose's spellings mean the same; the normal form is itself a valid spec."""

import json
from typing import Any

import msgspec
import pytest

from reconciler.manifest.check.schema import schema
from reconciler.manifest.digest import digest
from reconciler.manifest.load import load_document
from reconciler.manifest.model import Business, Component


def component(**fields: Any) -> Component:
    others = [{"component_id": name, "image_name": "i", "restart": "no"} for name in ("db", "migrate")]
    document = {"business_id": "b", "components": [{"component_id": "c", "image_name": "i", **fields}, *others]}
    return load_document(document, "body").components[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"ports": ["8080:80"]}, {"ports": [{"target": 80, "published": "8080"}]}),
        ({"ports": ["8000-8001:90-91"]}, {"ports": ["8000:90", "8001:91"]}),
        ({"ports": [80]}, {"ports": ["80/tcp"]}),
        (
            {"ports": ["127.0.0.1:53:53/udp"]},
            {"ports": [{"target": 53, "published": 53, "host_ip": "127.0.0.1", "protocol": "udp"}]},
        ),
        ({"ports": ["[::1]:80:80"]}, {"ports": [{"target": 80, "published": 80, "host_ip": "::1"}]}),
        ({"volumes": ["/a:/b:ro"]}, {"volumes": [{"type": "bind", "source": "/a", "target": "/b", "read_only": True}]}),
        ({"volumes": ["data:/b"]}, {"volumes": [{"type": "volume", "source": "data", "target": "/b"}]}),
        (
            {"volumes": [{"type": "tmpfs", "target": "/t", "tmpfs": {"size": "1m"}}]},
            {"volumes": [{"type": "tmpfs", "target": "/t", "size": 1048576}]},
        ),
        ({"environment_variables": ["A=b=c", "D="]}, {"environment": {"A": "b=c", "D": None}}),
        ({"command": "sh -c 'echo hi'"}, {"command": ["sh", "-c", "echo hi"]}),
        ({"shm_size": "64m"}, {"shm_size": 67108864}),
        ({"stop_grace_period": "1m30s"}, {"stop_grace_period": 90}),
        (
            {"healthcheck": {"test": "true", "interval": "1m"}},
            {"healthcheck": {"test": ["CMD-SHELL", "true"], "interval": 60}},
        ),
        ({"healthcheck": {"disable": True}}, {"healthcheck": {"test": ["NONE"]}}),
        ({"update": {"max_surge": 2}}, {"update": {"order": "start-first", "parallelism": 2}}),
        ({"update": {"max_unavailable": 3}}, {"update": {"order": "stop-first", "parallelism": 3}}),
        ({"update": {"delay": "1m", "monitor": "500ms"}}, {"update": {"delay": 60, "monitor": 0.5}}),
        ({"pre_stop": "nginx -s quit"}, {"pre_stop": ["nginx", "-s", "quit"]}),
        ({"ulimits": {"nofile": 5}}, {"ulimits": {"nofile": {"soft": 5, "hard": 5}}}),
        ({"devices": ["/dev/a"]}, {"devices": [{"source": "/dev/a", "target": "/dev/a", "permissions": "rwm"}]}),
        ({"dns": "1.1.1.1"}, {"dns": ["1.1.1.1"]}),
        ({"extra_hosts": {"a": "1.2.3.4"}}, {"extra_hosts": ["a:1.2.3.4"]}),
        ({"networks": ["n"]}, {"networks": {"n": None}}),
        ({"restart": False}, {"restart": "no"}),
        ({"user": 1000}, {"user": "1000"}),
        (
            {"resource_requirements": {"memory_mb": "1g", "cpu_cores": "0.5"}},
            {"resource_requirements": {"memory_mb": 1024, "cpu_cores": 0.5}},
        ),
        ({"resource_requirements": {"gpu": True}}, {"resource_requirements": {"gpu_count": 1}}),
        ({"labels": ["a=b"], "x-note": 1}, {"labels": {"a": "b"}}),
        ({"config_files": [{"path": "/a", "mode": "600"}]}, {"config_files": [{"path": "/a", "mode": "0600"}]}),
    ],
)
def test_two_spellings_mean_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert component(**one) == component(**other)
    assert digest(component(**one)) == digest(component(**other))
    normal = json.loads(msgspec.json.encode(component(**one)))
    again = load_document({"business_id": "b", "components": [normal]}, "body").components[0]
    assert again == component(**one), "the normal form is a valid spec of the same"


def properties(node: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every field of the schema with its path."""
    found = []
    if isinstance(node, dict):
        for name, field in node.get("properties", {}).items():
            found += [(f"{path}.{name}", field), *properties(field, f"{path}.{name}")]
        for key in ("anyOf", "items", "$defs", "component", "additionalProperties"):
            found += properties(node.get(key), path)
    elif isinstance(node, list):
        for item in node:
            found += properties(item, path)
    return found


def test_every_field_of_the_schema_is_described_and_none_is_without_effect() -> None:
    fields = properties(schema())
    assert len(fields) > 80
    assert not [path for path, field in fields if not field.get("description")]
    known = {*Component.__struct_fields__, "environment"}
    assert set(schema()["$defs"]["component"]["properties"]) == known
    assert set(schema()["properties"]) == set(Business.__struct_fields__)


@pytest.mark.parametrize(
    ("name", "example"),
    [
        (name, example)
        for name, field in schema()["$defs"]["component"]["properties"].items()
        for example in field.get("examples", ())
        if name not in ("component_id", "image_name", "image_sha256")
    ],
)
def test_every_example_in_the_schema_is_accepted(name: str, example: Any) -> None:
    assert component(**{name: example})


@pytest.mark.parametrize("field", ["component_name", "affinity", "replicas", "pull_policy", "stop_grace_period"])
def test_what_leaves_a_container_right_as_it_is_leaves_the_digest(field: str) -> None:
    changed = {
        "component_name": "other",
        "affinity": {"node_id": "n"},
        "replicas": 3,
        "pull_policy": "never",
        "stop_grace_period": "1s",
    }[field]
    assert digest(component()) == digest(component(**{field: changed}))


def test_everything_else_changes_the_digest() -> None:
    assert digest(component()) != digest(component(environment={"A": "b"}))
    assert digest(component()) != digest(component(), restarts=1)
    assert digest(component(), 1) != digest(component(), 2)

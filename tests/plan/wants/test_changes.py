"""Field-level changes: what differs, named as in the spec, and never a secret."""

from typing import Any

import pytest

from reconciler.manifest.model import ConfigFile, Healthcheck, Logging, Mount, Port, Resources
from reconciler.plan.wants.changes import VALUE_CHARACTERS_MAX, changes
from tests.support.planning import component

Shown = list[tuple[str, str | None, str | None]]


def differ(old: dict[str, Any], new: dict[str, Any]) -> Shown:
    return [(change.field, change.old, change.new) for change in changes(component(**old), component(**new))]


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ({}, {}, []),
        ({"image_name": "web:1"}, {"image_name": "web:2"}, [("image_name", "web:1", "web:2")]),
        ({"memory": 64}, {"memory": 128}, [("resource_requirements.memory_mb", "64", "128")]),
        ({"cpu": 0.5}, {"cpu": 2}, [("resource_requirements.cpu_cores", "0.5", "2.0")]),
        ({}, {"privileged": True}, [("privileged", None, "true")]),
        ({"command": ("a", "b")}, {"command": ("a",)}, [("command", "[a, b]", "[a]")]),
        (
            {"environment_variables": {"MODE": "dev", "GONE": "1"}},
            {"environment_variables": {"MODE": "prod", "NEW": ""}},
            [
                ("environment_variables.GONE", "1", None),
                ("environment_variables.MODE", "dev", "prod"),
                ("environment_variables.NEW", None, ""),
            ],
        ),
        (
            {"volumes": (Mount(type="volume", source="one", target="/data"),)},
            {"volumes": (Mount(type="volume", source="two", target="/data"),)},
            [("volumes[/data].source", "one", "two")],
        ),
        ({}, {"healthcheck": Healthcheck()}, [("healthcheck", None, "{}")]),
        (
            {"healthcheck": Healthcheck(test=("CMD", "true"))},
            {"healthcheck": Healthcheck(test=("CMD", "true"), retries=5)},
            [("healthcheck.retries", None, "5")],
        ),
        (
            {"logging": Logging(driver="local")},
            {"logging": Logging()},
            [("logging", None, "{}"), ("logging.driver", "local", None)],
        ),
        # Neither where it runs nor what it is called is a reason to replace it, and so no change to show.
        ({}, {"component_name": "other", "replicas": 3, "node_id": "a", "stop_grace_period": 1.0}, []),
    ],
)
def test_each_changed_field_is_shown_by_its_path(old: dict[str, Any], new: dict[str, Any], shown: Shown) -> None:
    assert differ(old, new) == shown


def test_ports_are_told_apart_by_target_even_when_they_share_it() -> None:
    dns = (Port(target=53, published=53), Port(target=53, published=53, protocol="udp"))
    moved = (Port(target=53, published=5353), Port(target=53, published=53, protocol="udp"))
    only = dns[:1]
    assert differ({"ports": dns}, {"ports": dns}) == []
    assert differ({"ports": dns}, {"ports": moved}) == [("ports[53].published", "53", "5353")]
    assert ("ports[53#2]", None, "present") in differ({"ports": only}, {"ports": dns})


def test_secrets_and_contents_change_without_being_shown() -> None:
    secret = {"environment_variables": {"DB_PASSWORD": "hunter2", "MODE": "dev"}}
    other = {"environment_variables": {"DB_PASSWORD": "swordfish", "MODE": "dev"}}
    assert [change[0] for change in differ(secret, other)] == ["environment_variables.DB_PASSWORD"]
    config = {"config_files": (ConfigFile(path="/etc/app.conf", content="key=hunter2"),)}
    changed = {"config_files": (ConfigFile(path="/etc/app.conf", content="key=swordfish"),)}
    shown = differ(config, changed)
    assert [change[0] for change in shown] == ["config_files[/etc/app.conf].content"]
    assert shown[0][1] != shown[0][2]
    for text in (str(differ(secret, other)), str(shown)):
        assert "hunter2" not in text and "swordfish" not in text


def test_a_new_secret_is_not_shown_either() -> None:
    ((field, old, new),) = differ({}, {"environment_variables": {"API_TOKEN": "hunter2"}})
    assert (field, old) == ("environment_variables.API_TOKEN", None)
    assert new and "hunter2" not in new


def test_values_are_one_short_line() -> None:
    ((_, old, new),) = differ({"user": "a\nb"}, {"user": "x" * 1000})
    assert old == "a\\nb"
    assert new is not None and len(new) == VALUE_CHARACTERS_MAX and new.endswith("…")


def test_resources_left_out_are_no_change() -> None:
    assert changes(component(), component(memory=0)) == ()
    assert Resources() == component().resource_requirements

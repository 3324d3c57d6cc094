"""Sealed specs: no secret is left, and they are told apart, referred from and hashed as the specs themselves."""

import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.manifest.digest import digest
from reconciler.manifest.images import needed_image
from reconciler.manifest.model import Business, Component, ConfigFile, Healthcheck, Logging
from reconciler.manifest.references import references
from reconciler.manifest.secrets.redact import redacted
from reconciler.manifest.secrets.seal import sealed

WORDS = st.text("ab${}.=:/@ '\"-\n", max_size=6) | st.sampled_from(
    ["${db.host}", "$${db.host}", "${db.port.80}", "${HOME}", "postgres://u:pw@h/x", "http://u:${db.host}@h", "-c", "x"]
)
TEXTS = st.lists(WORDS, max_size=4).map("".join)
NAMES = st.sampled_from(["PASSWORD", "API_KEY", "URL", "PORT", "dbToken"])
OPTIONS = TEXTS | st.builds("--password={}".format, TEXTS) | st.sampled_from(["--password", "-c", "--token", "sh"])
COMMANDS = st.lists(OPTIONS | st.builds("x --token {} PASSWORD={}".format, TEXTS, TEXTS), max_size=5).map(tuple)


@st.composite
def components(draw: st.DrawFn) -> Component:
    pairs = st.dictionaries(NAMES, TEXTS, max_size=3)
    return Component(
        component_id="web",
        component_name="web",
        image_name=draw(st.none() | st.just("web:1")),
        image_url=draw(st.none() | TEXTS),
        environment_variables=draw(pairs),
        labels=draw(pairs),
        command=draw(COMMANDS),
        entrypoint=draw(COMMANDS),
        pre_stop=draw(COMMANDS),
        config_files=tuple(
            ConfigFile(path=f"/{number}", content=content)
            for number, content in enumerate(draw(st.lists(TEXTS, max_size=2)))
        ),
        healthcheck=Healthcheck(test=("CMD-SHELL", draw(TEXTS))),
        logging=Logging(driver="x", options=draw(pairs)),
    )


@given(component=components())
@example(component=Component(component_id="web", component_name="web", pre_stop=("-c", "--password='':")))
@example(component=Component(component_id="web", component_name="web", command=("sh", "-c", "A_KEY='x${db.host}'b -v")))
def test_sealing_keeps_the_digest_the_references_and_what_is_shown(component: Component) -> None:
    once = sealed(component)
    assert sealed(once) is once or sealed(once) == once
    again = msgspec.convert(msgspec.to_builtins(once), Component)
    assert sealed(again) == once
    assert digest(again) == digest(component)
    assert digest(again, 2) == digest(component, 2)
    assert needed_image(again) == needed_image(component)
    assert set(references(again)) == set(references(component))
    assert shown(again) == shown(component)


@given(one=components(), other=components())
def test_components_that_differ_have_other_digests_also_when_sealed(one: Component, other: Component) -> None:
    assert (sealed(one) == sealed(other)) == (one == other)
    assert (digest(one) == digest(other)) == (one == other)


def shown(component: Component) -> object:
    return redacted(Business(business_id="b", business_name="b", components=(component,)))


@pytest.mark.parametrize(
    "fields",
    [
        {"environment_variables": {"PASSWORD": "hunter2"}},
        {"environment_variables": {"URL": "pg://u:hunter2@db/x"}},
        {"labels": {"api-key": "hunter2"}},
        {"command": ("run", "--password=hunter2")},
        {"command": ("run", "--password", "hunter2")},
        {"entrypoint": ("sh", "-c", "PASSWORD='hunter2 x' run")},
        {"pre_stop": ("run", "--token=hunter2")},
        {"config_files": (ConfigFile(path="/a", content="x = hunter2"),)},
        {"image_url": "https://me:hunter2@files/x.tar"},
        {"healthcheck": Healthcheck(test=("CMD", "check", "--password=hunter2"))},
        {"logging": Logging(driver="splunk", options={"splunk-token": "hunter2"})},
    ],
)
def test_nothing_secret_is_left(fields: dict[str, object]) -> None:
    component = msgspec.convert(
        {"component_id": "c", "component_name": "c", "image_name": "i"} | msgspec.to_builtins(fields), Component
    )
    text = json.dumps(msgspec.to_builtins(sealed(component)))
    assert "hunter2" not in text and "sealed:sha256:" in text


def test_the_same_secret_elsewhere_has_another_token() -> None:
    component = Component(
        component_id="c",
        component_name="c",
        environment_variables={"A_PASSWORD": "x", "B_PASSWORD": "x"},
    )
    values = sealed(component).environment_variables
    assert values["A_PASSWORD"] != values["B_PASSWORD"]

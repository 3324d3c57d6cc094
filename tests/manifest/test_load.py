"""Reading specs: every mistake is named with its place, its value and the way out, and nothing else ever happens."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest.errors import SpecError, SyntaxProblems
from reconciler.manifest.ids import ID
from reconciler.manifest.load import load_document, load_json, load_text
from reconciler.manifest.yaml.document import TEXT_BYTES_MAX

ROOT = Path(__file__).resolve().parents[2]

HEAD = "business_id: shop\nbusiness_name: Shop\ncomponents:\n- component_id: web\n  image_name: nginx\n"


def problems(text: str | bytes, name: str = "shop.yaml") -> list[str]:
    with pytest.raises(SpecError) as caught:
        load_text(text, name)
    return [str(problem) for problem in caught.value.problems]


def test_the_mission_s_example_is_accepted_as_it_is_written() -> None:
    business = load_json((ROOT / "examples/mission.json").read_bytes(), "body")
    (component,) = business.components
    assert component.component_name == "web-server"
    assert component.resource_requirements.memory_mb == 1024
    assert component.environment_variables == {"PORT": "8080", "DB_HOST": "localhost"}
    assert component.config_files[0].content == '{"key": "value"}'
    assert component.affinity.node_labels == {"zone": "us-east"}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.*")), ids=lambda path: path.name)
def test_every_example_loads(path: Path) -> None:
    assert load_text(path.read_bytes(), path.name)


def test_a_file_may_hold_several_documents() -> None:
    text = HEAD + "---\n" + HEAD.replace("shop", "other") + "---\n# nothing\n"
    assert [business.business_id for business in load_text(text, "a.yaml")] == ["shop", "other"]
    assert load_text("# nothing yet\n", "a.yaml") == ()


def test_all_errors_of_a_file_come_at_once_with_their_lines() -> None:
    text = HEAD + "  typ: docker\n  replicas: many\n  ports: [99999]\n---\n" + HEAD.replace("nginx", "Nginx")
    assert problems(text) == [
        "shop.yaml:6: components[0].typ: is unknown here; did you mean 'type'?",
        "shop.yaml:7: components[0].replicas: 'many' is text: must be a whole number",
        "shop.yaml:8: components[0].ports[0]: 99999 is too large: at most 65535",
        "shop.yaml:14: components[0].image_name: 'Nginx' is no image name: write one such as nginx:1.27 or "
        "registry.example.com/shop/web:3",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("type: dokcer", "'dokcer' is not allowed: must be one of docker, process; did you mean 'docker'?"),
        ("image: nginx", "the field is named image_name here"),
        ("depends_on: [wep]", "'wep' is no component of this business; did you mean 'web'?"),
        ("ports: [http]", "'http' is no port: write 8080"),
        ("ports: ['1:2:3:4']", "is no port"),
        ("ports: ['8000-8001:9000-9005']", "both ranges must have the same number of ports"),
        ("ports: ['80:80', '80:81']", "host port 80/tcp is published twice"),
        ("ports: [{target: 80, publishd: 1}]", "did you mean 'published'?"),
        ("replicas: -1", "-1 is too small: at least 0"),
        ("replicas: 100000000000000000000000000000000", "is too large: at most 10000"),
        ("replicas: true", "true is true or false: must be a whole number"),
        ("stop_grace_period: soon", "'soon' is no duration: write one such as 30s"),
        ("shm_size: big", "'big' is no size"),
        ("stop_signal: SIGNOPE", "'SIGNOPE' is no signal"),
        ("restart: sometimes", "no, always, on-failure, on-failure:N or unless-stopped"),
        ("image_url: ftp://host/a.tar", "begins with http:// or https://"),
        ("image_sha256: abc", "64"),
        ("volumes: ['/a:relative']", "target 'relative' must be absolute"),
        ("volumes: ['../a:/b']", "is no volume name"),
        ("volumes: [nonsense]", "is no volume: write /host/path:/path"),
        ("config_files: [{path: /etc/../../x}]", "'..' is not allowed"),
        ("config_files: [{path: relative}]", "is not absolute"),
        ("config_files: [{path: /}]", "name a file"),
        ("config_files: [{path: /a}, {path: /a}]", "is there twice"),
        ("labels: {reconciler.node_id: x}", "kept for Reconciler's own labels"),
        ("environment_variables: ['NOVALUE']", "write NOVALUE=VALUE"),
        ("affinity: {anti_affinity: [ghost]}", "'ghost' is no component of this business"),
        ("network_mode: host\n  ports: ['80:80']", "can't be published with network_mode host"),
        ("healthcheck: {interval: 1s}", "test is missing"),
        ("ulimits: {nofile: {soft: 9, hard: 5}}", "soft 9 is more than hard 5"),
        ("command: 'a \"b'", "can't be split into words"),
        ("environment: {A: '${web.hsot}'}", "of web there are host, port.N and replicas"),
        ("environment: {A: '${node.name}'}", "of node there are id and host"),
        ("environment: {A: '${bd.host}'}", "'bd' is no component of this business; write $${...} for plain text"),
        ("command: [echo, '${web.host}']", "what refers to web (${web.…}) goes round in a circle: web → web"),
        ("mode: global\n  replicas: 2", "can't be given with mode global"),
        ("singleton: true\n  replicas: 2", "is 2, but a singleton runs once"),
        ("singleton: true\n  update: {order: start-first}", "which a singleton never does"),
        ("ports: ['80:80']\n  update: {order: start-first}", "host port 80 can be held by one: write stop-first"),
        (
            "update: {max_surge: 2, parallelism: 3}",
            "means order start-first with parallelism 2: write one or the other",
        ),
        ("update: {max_surge: 1, max_unavailable: 1}", "has max_surge, which starts the new ones first, and"),
        ("healthcheck: {tcp: {port: 1}, http: {port: 2}}", "stands beside http: keep one of them"),
        ("healthcheck: {http: {path: /}}", "port"),
        ("environment: {A: b}\n  environment_variables: {A: c}", "keep one of them"),
        ("ports: ['80:80', '127.0.0.1:80:81']", "host port 127.0.0.1:80/tcp is published twice"),
        ("ports: ['127.0.0.1:80:80', '127.0.0.1:80:81']", "host port 127.0.0.1:80/tcp is published twice"),
    ],
)
def test_each_mistake_is_explained(line: str, expected: str) -> None:
    (first, *_) = problems(HEAD + f"  {line}\n")
    assert first.startswith("shop.yaml:")
    assert expected in first


def test_one_host_port_may_be_published_at_several_addresses() -> None:
    (business,) = load_text(HEAD + "  ports: ['127.0.0.1:8080:80', '10.0.0.1:8080:80', '8080:80/udp']\n", "shop.yaml")
    assert len(business.components[0].ports) == 3


PATTERNED = [
    (("business_id",), "shop"),
    (("components", 0, "component_id"), "web"),
    (("components", 0, "image_sha256"), "0" * 64),
    (("components", 0, "restart"), "always"),
    (("components", 0, "config_files", 0, "mode"), "0644"),
    (("components", 0, "healthcheck", "http", "path"), "/"),
]


@pytest.mark.parametrize(("path", "value"), PATTERNED, ids=lambda one: str(one)[:20])
def test_no_pattern_lets_a_newline_at_the_end_through(path: tuple[str | int, ...], value: str) -> None:
    component = {
        "component_id": "web",
        "image_name": "nginx",
        "image_url": "http://host/a.tar",
        "config_files": [{"path": "/a"}],
        "healthcheck": {"http": {"port": 80}},
    }
    for ending in ("", "\n"):
        data: dict[str, object] = {"business_id": "shop", "business_name": "Shop", "components": [dict(component)]}
        place: Any = data
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value + ending
        with pytest.raises(SpecError) if ending else contextlib.nullcontext():
            load_document(data, "body")


def test_ids_look_alike_in_the_schema_and_everywhere_else() -> None:
    from reconciler.manifest.check.schema import schema

    assert schema()["properties"]["business_id"]["pattern"] == f"^{ID.pattern}$"


def test_a_value_that_may_be_secret_is_not_repeated() -> None:
    text = HEAD + "  environment_variables: {DB_PASSWORD: [hunter2]}\n"
    assert "hunter2" not in "".join(problems(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("business_id: [", "shop.yaml:2: is no YAML"),
        ("a: 1\na: 2", "shop.yaml:2: a: is there twice: line 1 has it already"),
        ("\t- a", "is no YAML"),
        ("a: &a [*a]", "is an alias of something that contains it"),
        ("[" * 100_000, "is nested deeper than 64 levels"),
        ("- " * 100_000, "is nested deeper than 64 levels"),
        ("a: \x07", "control character"),
        (b"a: \xff", "shop.yaml:1: is not UTF-8 text: byte 0xff"),
        (b"#" * (TEXT_BYTES_MAX + 1), "is too large"),
        ("? [a]\n: b", "has a key that is no text"),
        ("n: " + "1" * 5000, "is a number of 5000 digits"),
        ("n: 1.0e+999", "too large"),
    ],
)
def test_text_that_can_t_be_read_is_refused(text: str | bytes, expected: str) -> None:
    with pytest.raises(SyntaxProblems) as caught:
        load_text(text, "shop.yaml")
    assert expected in str(caught.value)


def test_an_alias_bomb_is_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 9):
        bomb += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n"
    with pytest.raises(SyntaxProblems, match="expands to more than 100000 values"):
        load_text(bomb, "bomb.yaml")


def test_anchors_and_merge_keys_work() -> None:
    text = (
        "x-common: &common\n  image_name: nginx\n  replicas: 3\nbusiness_id: shop\ncomponents:\n"
        "- <<: *common\n  component_id: a\n- <<: *common\n  component_id: b\n  replicas: 1\n"
    )
    (business,) = load_text(text, "a.yaml")
    assert [component.replicas for component in business.components] == [3, 1]


def test_plain_words_stay_words() -> None:
    text = HEAD + "  restart: no\n  environment_variables: {A: yes, B: 0755, C: 2024-01-01, D: 22:22, E: true, F: }\n"
    component = load_text(text, "a.yaml")[0].components[0]
    assert component.restart == "no"
    assert component.environment_variables == {
        "A": "yes",
        "B": "0755",
        "C": "2024-01-01",
        "D": "22:22",
        "E": "true",
        "F": "",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "nonsense",
        '{"business_id": "a", "business_id": "b"}',
        '{"n": NaN}',
        '{"n": 1e999}',
        '{"s": "\\ud800"}',
    ],
)
def test_a_body_that_is_no_business(text: str) -> None:
    with pytest.raises(SpecError):
        load_json(text, "body")


def test_a_huge_number_in_a_body_is_an_ordinary_problem() -> None:
    business = json.loads((ROOT / "examples/mission.json").read_text())
    business["components"][0]["replicas"] = 10**30
    with pytest.raises(SpecError) as caught:
        load_json(json.dumps(business), "body")
    assert not isinstance(caught.value, SyntaxProblems)
    business["components"][0]["replicas"] = "@"
    with pytest.raises(SyntaxProblems):
        load_json(json.dumps(business).replace('"@"', "1" * 4100), "body")


@given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_any_text_either_loads_or_is_refused(text: str | bytes) -> None:
    for name in ("a.yaml", "a.json"):
        with contextlib.suppress(SpecError):
            load_text(text, name)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_any_value_in_any_field_either_loads_or_is_refused(data: st.DataObject) -> None:
    from reconciler.manifest.check.schema import schema

    fields = sorted(schema()["$defs"]["component"]["properties"])
    component = {"component_id": "web", "image_name": "nginx", data.draw(st.sampled_from(fields)): data.draw(_VALUES)}
    with contextlib.suppress(SpecError):
        load_document({"business_id": "shop", "components": [component]}, "body")

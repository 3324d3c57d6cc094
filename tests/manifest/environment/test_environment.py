"""Environments: documents laid over their bases, variables in their places, and problems told where they come from."""

from pathlib import Path
from posixpath import relpath
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest.environment.layers import Layers, layered, load_file
from reconciler.manifest.environment.merge import Merge
from reconciler.manifest.environment.nodes import node_of
from reconciler.manifest.environment.variables import escaped
from reconciler.manifest.model import Business
from reconciler.manifest.yaml.document import Document

ROOT = Path(__file__).parents[3]
BASE = """\
business_id: shop
components:
  - component_id: web
    image_name: web:${var.TAG}
    ports: ["8080:80", "53:53/udp"]
    volumes: ["data:/data:ro", "/srv:/srv"]
    command: [serve, --fast]
    environment: [LOG=debug, "URL=http://${db.host}"]
    config_files:
      - {path: /etc/a, content: a}
      - {path: /etc/b, content: b}
  - component_id: db
    image_name: db:1
"""
PLAIN = BASE.replace("${var.TAG}", "1").replace("LOG=debug", '"LOG=$${var.TAG}"')
VARIABLES = 'variables: {TAG: "1"}\n'


def layers(files: dict[str, str], folder: str = "prod") -> Layers:
    """What an environment comes to; its files are called as they are from the repository."""
    return layered({path: text.encode() for path, text in files.items()}, lambda path: path, (), folder)


def prod(overlay: str, base: str = BASE, environment: str = "base: ../base\n" + VARIABLES) -> Layers:
    return layers({"base/shop.yaml": base, "prod/environment.yaml": environment, "prod/shop.yaml": overlay})


def shop(overlay: str) -> dict[str, dict[str, Any]]:
    """The components of the shop with this overlay, by id, in their normal form."""
    found = prod("business_id: shop\ncomponents:\n" + overlay)
    assert not found.problems, found.problems
    ((business, file),) = found.declared
    assert file == "prod/shop.yaml"
    document = msgspec.to_builtins(business)
    return {component["component_id"]: component for component in document["components"]}


def complaints(found: Layers) -> list[str]:
    return [str(problem) for problem in found.problems]


def test_maps_merge_by_key_and_null_removes_one() -> None:
    web = shop("- {component_id: web, replicas: 3, environment: {LOG: null, MODE: live}}")["web"]
    assert web["replicas"] == 3
    assert web["environment_variables"] == {"URL": "http://${db.host}", "MODE": "live"}
    again = shop("- {component_id: web, environment_variables: [LOG=warn]}")["web"]
    assert again["environment_variables"] == {"LOG": "warn", "URL": "http://${db.host}"}, "whatever the spelling"


def test_components_and_config_files_merge_by_their_names() -> None:
    found = shop("- {component_id: web, config_files: [{path: /etc/b, content: x}, {path: /etc/c, content: c}]}")
    assert {file["path"]: file["content"] for file in found["web"]["config_files"]} == {
        "/etc/a": "a",
        "/etc/b": "x",
        "/etc/c": "c",
    }
    assert list(shop("- {component_id: cache, image_name: redis:7}")) == ["web", "db", "cache"]
    assert list(shop("- {component_id: db, $patch: delete}\n- {component_id: web, environment: {URL: x}}")) == ["web"]


def test_ports_and_volumes_replace_those_of_the_same_target() -> None:
    web = shop("- {component_id: web, ports: ['80:80', 443], volumes: [{type: bind, source: /d, target: /data}]}")[
        "web"
    ]
    assert [(port["target"], port.get("published")) for port in web["ports"]] == [(80, 80), (53, 53), (443, None)]
    assert [(mount["source"], mount["target"]) for mount in web["volumes"]] == [("/d", "/data"), ("/srv", "/srv")]
    gone = shop("- {component_id: web, ports: [{target: 53, protocol: udp, $patch: delete}]}")["web"]
    assert [port["target"] for port in gone["ports"]] == [80]


def test_other_lists_are_replaced_and_a_map_can_be() -> None:
    web = shop("- {component_id: web, command: [serve], environment: {$patch: replace, A: b}}")["web"]
    assert (web["command"], web["environment_variables"]) == (("serve",), {"A": "b"})


def test_a_business_may_be_left_out_or_be_there_alone() -> None:
    found = prod(
        "business_id: shop\n$patch: delete\n---\nbusiness_id: own\ncomponents: [{component_id: a, image_name: a}]"
    )
    assert [(business.business_id, file) for business, file in found.declared] == [("own", "prod/shop.yaml")]
    found = layers({"base/shop.yaml": BASE, "prod/environment.yaml": "base: ../base\n" + VARIABLES})
    assert [file for _, file in found.declared] == ["base/shop.yaml"], "without an overlay it is the base's"


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        ("components: [{component_id: web,\n  replicas: many}]", "prod/shop.yaml:3: components[0].replicas: 'many'"),
        ("components: [{component_id: wep, $patch: delete}]", "prod/shop.yaml:2: there is no component_id 'wep'"),
        ("components: [{component_id: web, $patch: remove}]", "prod/shop.yaml:2: $patch 'remove' is not allowed"),
        ("components: [{component_id: web, replcas: 2}]", "did you mean 'replicas'?"),
        (
            "business_name: ${var.TAGG}",
            "prod/shop.yaml:2: ${var.TAGG}: there is no variable 'TAGG'; did you mean 'TAG'?",
        ),
    ],
)
def test_what_is_wrong_is_told_where_it_was_written(overlay: str, expected: str) -> None:
    found = prod(f"business_id: shop\n{overlay}\n")
    assert any(expected in line for line in complaints(found)), complaints(found)
    assert not found.declared and {"prod/shop.yaml"} <= found.broken


def test_a_value_of_the_base_is_wrong_there() -> None:
    found = prod("business_id: shop\nbusiness_name: Shop\n", BASE.replace("db:1", "DB 1"))
    assert [line.partition(": ")[0] for line in complaints(found)] == ["base/shop.yaml:13"]


def test_an_id_that_no_base_has_is_asked_about() -> None:
    found = prod("business_id: shpo\ncomponents: [{component_id: web, replicas: 2}]\n")
    assert any("no base declares 'shpo'; did you mean 'shop'?" in line for line in complaints(found))
    assert [business.business_id for business, _ in found.declared] == ["shop"], "the base is not in doubt"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("bse: ../base", "prod/environment.yaml:1: bse: is unknown here; did you mean 'base'?"),
        ("base: ../bsae", "'../bsae' holds no specs"),
        ("base: ../../elsewhere", "'../../elsewhere' leads out of what can be read here"),
        ("base: /etc", "'/etc' is an absolute path"),
        ("base: ..", "'..' holds the folder that is based on it"),
        ("base: [../base, 7]", "must be a folder, such as ../../base"),
        (
            "\nvariables: {TAG: 1.10}",
            "prod/environment.yaml:2: variables.TAG: is a number with a point: put it in quotes",
        ),
        ("variables: {a-b: x}", "'a-b' is no name of a variable"),
        ("variables: [x]", "must be a map"),
        ("base: [", "prod/environment.yaml"),
        ("a: b\n---\nc: d", "holds several documents"),
    ],
)
def test_an_environment_that_is_wrong_changes_nothing(environment: str, expected: str) -> None:
    found = prod("", environment=environment)
    assert found.everything and not found.declared
    assert any(expected in line for line in complaints(found)), complaints(found)


def test_a_circle_is_shown() -> None:
    found = layers({"a/environment.yaml": "base: ../b", "b/environment.yaml": "base: ../a"}, "a")
    assert complaints(found) == ["b/environment.yaml:1: base: goes round in a circle: a → b → a"]


def test_the_outermost_value_of_a_variable_counts() -> None:
    files = {
        "base/environment.yaml": "variables: {TAG: a, N: 2, ON: true}",
        "base/shop.yaml": BASE + "    replicas: ${var.N}\n    init: ${var.ON}\n    user: u${var.N}\n"
        "    environment: {ON: '${var.ON}', PLAIN: '$${var.TAG}', SHELL: '$${TAG} ${HOME}'}\n",
        "mid/environment.yaml": "base: ../base\nvariables: {TAG: b}",
        "prod/environment.yaml": "base: ../mid\nvariables: {TAG: c}",
    }
    for folder, tag in (("base", "a"), ("mid", "b"), ("prod", "c")):
        ((business, _),) = layers(files, folder).declared
        web, db = business.components
        assert web.image_name == f"web:{tag}"
        assert (db.replicas, db.init, db.user) == (2, True, "u2"), "a value that is a variable is what that is"
        assert db.environment_variables == {"ON": "true", "PLAIN": "${var.TAG}", "SHELL": "$${TAG} ${HOME}"}


def test_bases_come_in_their_order_and_each_once() -> None:
    files = {
        "base/a.yaml": BASE,
        "big/environment.yaml": "base: ../base",
        "big/a.yaml": "business_id: shop\ncomponents: [{component_id: web, replicas: 9}]",
        "safe/environment.yaml": "base: ../base",
        "safe/a.yaml": "business_id: shop\ncomponents: [{component_id: web, read_only: true}]",
        "prod/environment.yaml": "base: [../big, ../safe]\n" + VARIABLES,
    }
    ((business, file),) = layers(files).declared
    assert (business.components[0].replicas, business.components[0].read_only, file) == (9, True, "safe/a.yaml")


def test_what_can_t_be_read_holds_back_what_it_may_change() -> None:
    other = "business_id: other\ncomponents: [{component_id: a, image_name: a}]\n"
    files = {
        "base/shop.yaml": BASE,
        "prod/environment.yaml": "base: ../base\n" + VARIABLES,
        "prod/shop.yaml": "business_id: [\n",
        "prod/other.yaml": other,
    }
    found = layers(files)
    assert [business.business_id for business, _ in found.declared] == ["other"]
    assert found.broken == {"prod/shop.yaml", "base/shop.yaml"}
    assert any("may change shop" in line for line in complaints(found))
    files |= {"prod/shop.yaml": "", "base/shop.yaml": "business_id: [\n"}
    assert layers(files).everything, "a base that can't be read says nothing of any business"
    files |= {"base/shop.yaml": BASE, "base/again.yaml": BASE}
    assert layers(files).contested == {"shop": ("base/again.yaml", "base/shop.yaml")}


def test_a_file_of_no_environment_has_no_variables() -> None:
    with pytest.raises(Exception, match=r"x\.yaml:4: \$\{var\.TAG\}: there is no variable 'TAG'; say what it is under"):
        load_file(BASE.encode(), "x.yaml")
    plain = load_file(PLAIN.encode(), "x.yaml")
    assert plain[0].components[0].environment_variables["LOG"] == "${var.TAG}"


@pytest.mark.parametrize("name", ["prod", "staging"])
def test_the_example_is_an_environment(name: str) -> None:
    top = ROOT / "examples" / "gitops"
    files = {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*.yaml")}
    at = f"environments/{name}"
    found = layered(files, lambda path: relpath(path, at), (), at)
    assert not found.problems
    (business,) = (business for business, _ in found.declared)
    assert len(business.components) == (2 if name == "prod" else 3)


# -- properties

words = st.text("ab${}.", max_size=6)
components = st.lists(
    st.fixed_dictionaries(
        {"component_id": st.sampled_from(["a", "b", "c"])},
        optional={
            "image_name": st.sampled_from(["x:1", "y:2"]),
            "replicas": st.integers(0, 3),
            "environment_variables": st.dictionaries(st.sampled_from("PQR"), words, max_size=3),
            "command": st.lists(words, max_size=2),
            "ports": st.lists(st.sampled_from(["80:80", "81:80", 443]), max_size=2, unique=True),
        },
    ),
    max_size=3,
    unique_by=lambda component: component["component_id"],
)
documents = st.fixed_dictionaries({"business_id": st.just("shop")}, optional={"components": components})


def merged(*parts: dict[str, Any]) -> Any:
    node = node_of(Document(parts[0]), "0")
    for part in parts[1:]:
        above = Merge().merged(node, node_of(Document(part), "1"))
        assert above is not None
        node = above
    return node.plain()


@given(documents)
def test_an_overlay_that_says_nothing_changes_nothing(document: dict[str, Any]) -> None:
    assert merged(document, {"business_id": "shop"}) == document
    assert merged(document, document) == document


@given(documents, documents, documents)
def test_it_does_not_matter_which_of_a_chain_are_merged_first(
    first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]
) -> None:
    """As long as nothing is removed; an environment is always merged from its innermost base on."""
    assert merged(merged(first, second), third) == merged(first, merged(second, third))


@given(documents, documents)
def test_what_is_rendered_is_the_same_each_time_and_reads_as_itself(base: dict[str, Any], over: dict[str, Any]) -> None:
    files = {
        "base/a.yaml": yaml.safe_dump(base).replace("'${", "'$${"),
        "prod/a.yaml": yaml.safe_dump(over),
        "prod/environment.yaml": "base: ../base",
    }
    found = layers(files)
    assert found == layers(dict(reversed(files.items())))
    for business, _ in found.declared:
        text = yaml.safe_dump(escaped(msgspec.to_builtins(business)))
        assert load_file(text.encode(), "rendered.yaml") == (business,)


def test_a_plain_variable_survives_rendering() -> None:
    business: Business = load_file(PLAIN.encode(), "x.yaml")[0]
    text = yaml.safe_dump(escaped(msgspec.to_builtins(business)))
    assert "LOG: $${var.TAG}" in text and load_file(text.encode(), "y.yaml") == (business,)

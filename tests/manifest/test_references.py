"""What `${...}` in a value may stand for, and what is left alone."""

from reconciler.manifest.model import ConfigFile
from reconciler.manifest.references import NODE, Reference, dependencies, references, resolved
from tests.support.planning import component

TEXT = "${db.host}:${db.port.5432} of ${db.replicas} on ${node.id}"


def value(reference: Reference) -> str:
    return f"<{reference.name} {reference.attribute} {reference.port}>"


def test_references_are_found_in_environment_command_and_config_files() -> None:
    found = references(
        component(
            environment_variables={"A": "${db.host}"},
            command=("run", "--port=${db.port.5432}"),
            config_files=(ConfigFile(path="/a", content="upstream ${api.host};"),),
        )
    )
    assert found == [Reference("api", "host"), Reference("db", "host"), Reference("db", "port", 5432)]


def test_each_is_replaced_where_it_stands() -> None:
    web = resolved(component(environment_variables={"A": TEXT}), value)
    assert web.environment_variables == {"A": "<db host 0>:<db port 5432> of <db replicas 0> on <node id 0>"}


def test_what_is_escaped_or_means_something_else_is_left_alone() -> None:
    texts = {"A": "$${db.host}", "B": "${HOME} $db.host ${db.host:-x} ${upstream.addr}", "C": "a$"}
    web = component(environment_variables=texts, command=("sh", "-c", "echo ${PATH}"))
    assert references(web) == []
    assert resolved(web, value).environment_variables == texts | {"A": "${db.host}"}
    assert resolved(web, value).command == web.command


def test_what_is_referred_to_comes_first() -> None:
    web = component(environment_variables={"A": TEXT})
    assert {name: one.condition for name, one in dependencies(web).items()} == {"db": "service_started"}
    assert NODE not in dependencies(web)

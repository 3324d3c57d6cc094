"""What people call businesses, components, instances and nodes on the command line."""

import re

import click

from reconciler.cli.support.errors import WrongUse
from reconciler.manifest.ids import is_id

"""As specs have it: what is no id would lead to another path of the manager's API."""
NUMBER = re.compile(r"[0-9]{1,9}")


class Id(click.ParamType):  # type: ignore[type-arg]
    """The id of a business or a node."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check an id, and return it as it is."""
        text = str(value)
        if not is_id(text):
            self.fail(f"'{text}' can't be the id of a {self.name}: an id has only letters, digits, '.', '_' and '-'")
        return text


BUSINESS = Id("business")
NODE = Id("node")


def component_of(target: str) -> tuple[str, str]:
    """Read the ids in `shop/web`. Raises WrongUse."""
    ids = target.split("/")
    if len(ids) != 2 or not all(map(is_id, ids)):
        raise WrongUse(f"'{target}' names no component: write BUSINESS/COMPONENT, such as shop/web")
    return ids[0], ids[1]


def instance_of(target: str) -> tuple[str, str, int | None]:
    """Read the ids in `shop/web/0`, and the number if it has one. Raises WrongUse."""
    *ids, number = target.split("/") if target.count("/") == 2 else (*target.split("/"), "")
    if len(ids) != 2 or not all(map(is_id, ids)) or (target.count("/") == 2 and not NUMBER.fullmatch(number)):
        raise WrongUse(f"'{target}' names no instance: write BUSINESS/COMPONENT[/N], such as shop/web or shop/web/0")
    return ids[0], ids[1], int(number) if number else None

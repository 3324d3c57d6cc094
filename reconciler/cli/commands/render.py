"""`render`: print specs as they are applied."""

import click
import msgspec
import yaml

from reconciler.cli.render.tables import json_text
from reconciler.cli.support.options import with_output
from reconciler.cli.support.specfiles import read_specs
from reconciler.manifest.environment.variables import escaped


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@with_output
def render(paths: tuple[str, ...], output: str) -> None:
    """Print specs as they are applied: with their bases, their variables, and one spelling of everything.

    PATH is a file, a directory, an environment, or - for standard input. Prints YAML documents, with -o json a list.
    Nothing is hidden: what the files say is printed.
    """
    found = sorted(
        (business for file in read_specs(paths) for business in file.businesses), key=lambda one: one.business_id
    )
    documents = [escaped(msgspec.to_builtins(business)) for business in found]
    if output == "json":
        click.echo(json_text(documents, indent=2))
    else:
        click.echo(yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True), nl=False)


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as such."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)

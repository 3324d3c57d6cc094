"""`validate`, `render` and `schema`: what needs no manager."""

import json

import click
import msgspec
import yaml

from reconciler.cli.support.options import with_output
from reconciler.cli.support.specfiles import read_specs
from reconciler.manifest.check.schema import schema_text
from reconciler.manifest.yaml.variables import escaped
from reconciler.plan.show.schema import plan_schema_text


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def validate(paths: tuple[str, ...]) -> None:
    """Check specs: files, directories, or - for standard input."""
    for file in read_specs(paths):
        count = len(file.businesses)
        click.echo(f"ok {file.name}: {count} {'business' if count == 1 else 'businesses'}")


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
        click.echo(json.dumps(documents, indent=2, ensure_ascii=False))
    else:
        click.echo(yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True), nl=False)


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as such."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


@click.command()
@click.argument("of", type=click.Choice(["business", "plan"]), default="business", metavar="[business|plan]")
def schema(of: str) -> None:
    """Print the JSON Schema of a business, for editors, or of a plan as `diff -o json` prints it."""
    click.echo(plan_schema_text() if of == "plan" else schema_text(), nl=False)

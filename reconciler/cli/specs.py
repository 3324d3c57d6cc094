"""`validate` and `schema`: what needs no manager."""

import click

from reconciler.cli.specfiles import read_specs
from reconciler.spec.schema import schema_text


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def validate(paths: tuple[str, ...]) -> None:
    """Check specs: files, directories, or - for standard input."""
    for file in read_specs(paths):
        count = len(file.businesses)
        click.echo(f"ok {file.name}: {count} {'business' if count == 1 else 'businesses'}")


@click.command()
def schema() -> None:
    """Print the JSON Schema of a business, for editors."""
    click.echo(schema_text(), nl=False)

"""`validate` and `schema`: what needs no manager."""

import click

from reconciler.cli.specfiles import read_specs
from reconciler.plan.schema import plan_schema_text
from reconciler.spec.schema import schema_text


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def validate(paths: tuple[str, ...]) -> None:
    """Check specs: files, directories, or - for standard input."""
    for file in read_specs(paths):
        count = len(file.businesses)
        click.echo(f"ok {file.name}: {count} {'business' if count == 1 else 'businesses'}")


@click.command()
@click.argument("of", type=click.Choice(["business", "plan"]), default="business", metavar="[business|plan]")
def schema(of: str) -> None:
    """Print the JSON Schema of a business, for editors, or of a plan as `diff -o json` prints it."""
    click.echo(plan_schema_text() if of == "plan" else schema_text(), nl=False)

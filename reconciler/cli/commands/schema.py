"""`schema`: print the JSON Schema of a business or of a plan."""

import click

from reconciler.manifest.check.schema import schema_text
from reconciler.plan.show.schema import plan_schema_text


@click.command()
@click.argument("of", type=click.Choice(["business", "plan"]), default="business", metavar="[business|plan]")
def schema(of: str) -> None:
    """Print the JSON Schema of a business, for editors, or of a plan as `diff -o json` prints it."""
    click.echo(plan_schema_text() if of == "plan" else schema_text(), nl=False)

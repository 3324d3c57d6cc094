"""`validate`: check specs."""

import click

from reconciler.cli.render.text import counted, say
from reconciler.cli.support.specfiles import read_specs


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def validate(paths: tuple[str, ...]) -> None:
    """Check specs: files, directories, or - for standard input."""
    for file in read_specs(paths):
        say(f"ok {file.name}: {counted(len(file.businesses), 'business', 'businesses')}")

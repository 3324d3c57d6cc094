"""`snapshot`: print everything that plans depend on."""

import sys

import click

from reconciler.cli.support.client import Client
from reconciler.cli.support.options import with_client


@click.command()
@with_client
def snapshot(client: Client) -> None:
    """Print everything that plans depend on, without secrets: for `diff --state` elsewhere, or to keep."""
    sys.stdout.buffer.write(client.get_bytes("/api/snapshot") + b"\n")

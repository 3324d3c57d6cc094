"""The options of commands that may wait."""

import click

from reconciler.cli.support.params import Duration

WAIT = click.option("--wait", is_flag=True, help="Wait until it has happened; fail when it does not.")
TIMEOUT = click.option("--timeout", type=Duration(), default="5m", show_default=True, help="How long --wait waits.")

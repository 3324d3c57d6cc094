"""The entry: which commands there are, and what happens to errors. A command's module is read when it is called."""

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from reconciler.cli.support.errors import CliError, ProblemsError
from reconciler.manifest.near_miss import near_miss

COMMANDS = {
    "up": "reconciler.cli.commands.up:up",
    "serve": "reconciler.cli.commands.serve:serve",
    "agent": "reconciler.cli.commands.agent:agent",
    "validate": "reconciler.cli.commands.validate:validate",
    "render": "reconciler.cli.commands.render:render",
    "schema": "reconciler.cli.commands.schema:schema",
    "diff": "reconciler.cli.commands.diff:diff",
    "snapshot": "reconciler.cli.commands.snapshot:snapshot",
    "apply": "reconciler.cli.commands.apply:apply",
    "get": "reconciler.cli.commands.get:get",
    "status": "reconciler.cli.commands.status:status",
    "logs": "reconciler.cli.commands.logs:logs",
    "exec": "reconciler.cli.commands.exec:exec_",
    "events": "reconciler.cli.commands.events:events",
    "node": "reconciler.cli.commands.node:node",
    "cordon": "reconciler.cli.commands.node:cordon",
    "drain": "reconciler.cli.commands.node:drain",
    "uncordon": "reconciler.cli.commands.node:uncordon",
    "explain": "reconciler.cli.commands.explain:explain",
    "why": "reconciler.cli.commands.why:why",
    "replay": "reconciler.cli.commands.replay:replay",
    "shadow": "reconciler.cli.commands.shadow:shadow",
    "survive": "reconciler.cli.commands.survive:survive",
    "scale": "reconciler.cli.commands.scale:scale",
    "history": "reconciler.cli.commands.history:history",
    "rollback": "reconciler.cli.commands.rollback:rollback",
    "unpin": "reconciler.cli.commands.unpin:unpin",
    "promote": "reconciler.cli.commands.promote:promote",
    "adopt": "reconciler.cli.commands.adopt:adopt",
    "thaw": "reconciler.cli.commands.thaw:thaw",
    "stop": "reconciler.cli.commands.stop:stop",
    "restart": "reconciler.cli.commands.restart:restart",
    "pause": "reconciler.cli.commands.pause:pause",
    "resume": "reconciler.cli.commands.pause:resume",
    "delete": "reconciler.cli.commands.delete:delete",
    "approve": "reconciler.cli.commands.approve:approve",
    "sync": "reconciler.cli.commands.sync:sync",
    "hook": "reconciler.cli.commands.hook:hook",
    "completion": "reconciler.cli.commands.completion:completion",
}


class Commands(click.Group):
    """The commands, read when they are called."""

    def list_commands(self, ctx: click.Context | None) -> list[str]:
        """List the names of the commands, in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of a name; None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; a near miss is named."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = near_miss(args[0], COMMANDS)
            hint = f" Did you mean '{near}'?" if near else ""
            ctx.fail(f"There is no command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error that its user can mend becomes a message."""
        from reconciler.manifest.errors import SpecError
        from reconciler.net.listen import ServeError

        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(err=True)
            sys.exit(130)
        except SpecError as error:
            raise ProblemsError(error.problems) from None
        except ServeError as error:
            raise CliError(str(error)) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(141)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="reconciler-fleet", prog_name="reconciler")
@click.option("--manager", metavar="URL", help="The manager's address. [env: RECONCILER_MANAGER]")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file that holds the shared token. [env: RECONCILER_TOKEN]",
)
@click.option("-o", "--output", type=click.Choice(["table", "json", "yaml"]), help="How to print. [default: table]")
def main(manager: str | None, token_file: Path | None, output: str | None) -> None:
    """Run businesses on a fleet of Docker hosts, declaratively.

    Write what should run as YAML, look at what that changes with `reconciler diff`, and have it so with
    `reconciler apply`, or by saving the file in the directory that the manager watches.
    """


if __name__ == "__main__":
    main(prog_name="reconciler")

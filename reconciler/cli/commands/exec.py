"""`exec`: a command inside a running instance, as if it ran here."""

import sys
from contextlib import closing

import click

from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client
from reconciler.cli.support.errors import CliError, errors_exit_with
from reconciler.cli.support.names import instance_of
from reconciler.cli.support.options import with_client
from reconciler.cli.support.params import Duration
from reconciler.wire.exec_stream import COMMAND_SECONDS_MAX

FAILED = 2
"""The exit status when there is none of the command."""


@click.command("exec")
@click.argument("target", metavar="BUSINESS/COMPONENT[/N]")
@click.argument("words", nargs=-1, required=True, metavar="-- COMMAND [ARG...]")
@click.option(
    "--timeout",
    type=Duration(),
    default="60s",
    show_default=True,
    help="How long the command may take before it is ended, at most 1h.",
)
@errors_exit_with(FAILED)
@with_client
def exec_(client: Client, target: str, words: tuple[str, ...], timeout: float) -> None:
    """Run a command inside a running instance, and show what it writes.

    Without N, it is the lowest instance that runs. The words are run as they are; for pipes and variables, run a
    shell: `reconciler exec shop/web -- sh -c 'ls | wc -l'`. The command runs as the instance's own user, with its
    environment; for a component of type process, on the host. It gets no input: nothing typed or piped here reaches
    it. It is ended when this command is. Who ran what, and where, is kept as an event.

    Exit status: the command's own; 2 when it could not be run, or did not end in time.
    """
    if not 0 < timeout <= COMMAND_SECONDS_MAX:
        raise CliError("--timeout must be more than 0 and at most 1h")
    business_id, component_id, instance = _target(client, target)
    path = f"/api/businesses/{business_id}/components/{component_id}/{instance}/exec"
    sys.exit(_run(client, path, {"command": words, "timeout": timeout}))


def _run(client: Client, path: str, body: object) -> int:
    """Show the command's output as it comes, and return its exit code. Raises CliError when it has none."""
    streams = {"stdout": sys.stdout.buffer, "stderr": sys.stderr.buffer}
    with closing(client.exec(path, body)) as frames:
        for frame in frames:
            if frame.text:
                stream = streams[frame.stream or "stdout"]
                stream.write(frame.text.encode("utf-8", "replace"))
                stream.flush()
            if frame.error:
                raise CliError(frame.error)
            if frame.exit_code is not None:
                return frame.exit_code
    raise CliError("the manager ended; what became of the command is not known")


def _target(client: Client, text: str) -> tuple[str, str, int]:
    """Choose the instance that is meant. Raises CliError when there is none, or none that runs."""
    business_id, component_id, number = instance_of(text)
    if number is not None:
        return business_id, component_id, number
    parts = client.get(f"/api/businesses/{business_id}/components")
    states = {part["instance"]: part["status"] for part in parts if part["component_id"] == component_id}
    if not states:
        known = ", ".join(sorted({part["component_id"] for part in parts})) or "none"
        raise CliError(f"business '{business_id}' has no component '{component_id}'; it has {known}")
    runs = sorted(instance for instance, status in states.items() if status == "running")
    if not runs:
        told = ", ".join(f"{component_id}/{instance} is {status}" for instance, status in sorted(states.items()))
        raise CliError(f"no instance of {business_id}/{component_id} runs: {told}")
    if len(runs) > 1:
        say(f"{len(runs)} instances run; this is {business_id}/{component_id}/{runs[0]}", err=True)
    return business_id, component_id, runs[0]

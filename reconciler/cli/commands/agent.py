"""`agent`: run a node's agent."""

from pathlib import Path
from typing import cast

import click

from reconciler.cli.support.config import manager_url, token
from reconciler.cli.support.errors import CliError
from reconciler.cli.support.options import manager_options, of_group
from reconciler.cli.support.params import Duration
from reconciler.cli.support.state_dir import default_state
from reconciler.net.service import log_to_stderr, save_memory


@click.command()
@click.option("--listen", default="127.0.0.1:7701", show_default=True, metavar="HOST:PORT", help="Where to listen.")
@click.option("--node-id", metavar="ID", help="This node's id. [default: the host's name]")
@click.option("--label", "labels", multiple=True, metavar="K=V", help="A label of this node; may be repeated.")
@click.option(
    "--state-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where downloads and programs are kept."
)
@click.option(
    "--runtime",
    type=click.Choice(["auto", "docker", "process"]),
    default="auto",
    show_default=True,
    help="What to offer.",
)
@click.option("--heartbeat", type=Duration(), default="5s", show_default=True, help="Time between full reports.")
@click.option(
    "--keep-images",
    type=Duration(),
    default="7d",
    show_default=True,
    help="How long images it brought stay when nothing uses them.",
)
@manager_options
def agent(
    listen: str,
    node_id: str | None,
    labels: tuple[str, ...],
    state_dir: Path | None,
    runtime: str,
    heartbeat: float,
    keep_images: float,
    manager: str | None,
    token_file: Path | None,
) -> None:
    """Run a node's agent."""
    from agent.main import AgentConfig, Runtimes, default_node_id, run_agent

    log_to_stderr()
    save_memory()
    run_agent(
        AgentConfig(
            listen=listen,
            manager_url=manager_url(manager or of_group("manager")),
            node_id=node_id or default_node_id(),
            labels=_labels(labels),
            token=token(token_file or of_group("token_file")),
            state_dir=state_dir or default_state() / "agent",
            runtimes=cast(Runtimes, runtime),
            heartbeat=heartbeat,
            keep_images=keep_images,
        )
    )


def _labels(given: tuple[str, ...]) -> dict[str, str]:
    labels = {}
    for label in given:
        name, equals, value = label.partition("=")
        if not equals or not name:
            raise CliError(f"--label '{label}' must be NAME=VALUE")
        labels[name] = value
    return labels

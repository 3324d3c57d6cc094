"""`up`: a manager and one local agent in one process, to try everything on this machine."""

from pathlib import Path

import click

from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client
from reconciler.cli.support.config import token
from reconciler.cli.support.errors import CliError
from reconciler.cli.support.options import of_group, token_option
from reconciler.cli.support.waiting import wait_for
from reconciler.net.service import log_to_stderr, save_memory, wait_for_signal

WAIT_SECONDS = 120.0


@click.command()
@click.option(
    "--desired",
    type=click.Path(path_type=Path),
    default=Path("desired"),
    show_default=True,
    help="The directory of specs.",
)
@click.option(
    "--listen", default="127.0.0.1:7700", show_default=True, metavar="HOST:PORT", help="Where the manager listens."
)
@click.option(
    "--agent-listen", default="127.0.0.1:7701", show_default=True, metavar="HOST:PORT", help="Where the agent listens."
)
@click.option(
    "--state-dir",
    type=click.Path(path_type=Path),
    default=Path(".reconciler"),
    show_default=True,
    help="Where state is kept.",
)
@token_option
def up(desired: Path, listen: str, agent_listen: str, state_dir: Path, token_file: Path | None) -> None:
    """Run a manager and one agent here, deploy the directory's specs, and stay until Ctrl-C."""
    from agent.main import AgentConfig, default_node_id, start_agent
    from api.serve import ManagerConfig, start_manager
    from reconciler.store.model import StoreError

    if not desired.is_dir():
        raise CliError(f"{desired} is no directory: make it, or name another with --desired DIR")
    log_to_stderr("WARNING")
    save_memory()
    shared = token(token_file or of_group("token_file"))
    state_dir.mkdir(parents=True, exist_ok=True)
    try:
        manager = start_manager(ManagerConfig(listen, str(state_dir / "manager.db"), desired, shared))
    except StoreError as error:
        raise CliError(str(error)) from None
    try:
        agent = start_agent(
            AgentConfig(
                listen=agent_listen,
                manager_url=manager.url,
                node_id=default_node_id(),
                labels={},
                token=shared,
                state_dir=(state_dir / "agent").resolve(),
                runtimes="auto",
                heartbeat=5.0,
            )
        )
        try:
            _tell(Client(manager.url, shared), manager.url, desired)
            wait_for_signal()
        finally:
            agent.close()
    finally:
        manager.close()
    click.echo()
    say("The manager and the agent have ended; what they deployed runs on. 'reconciler up' takes it over again.")


def _tell(client: Client, url: str, desired: Path) -> None:
    """Say where to look, and wait for what the files declare."""
    say(f"Dashboard: {url}/")
    say(f"Specs:     {desired}/ (save a file there and it is deployed)")
    declared = [item["business_id"] for item in client.get("/api/businesses") if item["desired"] == "running"]
    try:
        wait_for(client, declared, "running", WAIT_SECONDS)
        say("Everything runs. Look with 'reconciler status' or 'reconciler diff'; end with Ctrl-C.")
    except CliError as error:
        say(error.message, err=True)
        say("Look with 'reconciler status'; end with Ctrl-C.", err=True)

"""`serve`: run the manager."""

from pathlib import Path

import click

from reconciler.cli.support.config import token
from reconciler.cli.support.errors import CliError
from reconciler.cli.support.options import of_group, token_option
from reconciler.cli.support.params import Duration, Share
from reconciler.cli.support.source_options import source_options
from reconciler.cli.support.state_dir import default_state
from reconciler.net.service import log_to_stderr, save_memory
from reconciler.net.tokens import read_token
from reconciler.source.source import SourceConfig

LIMIT = "that one plan may do without an approval"


@click.command()
@click.option("--listen", default="127.0.0.1:7700", show_default=True, metavar="HOST:PORT", help="Where to listen.")
@click.option(
    "--db",
    metavar="FILE",
    help="The database: a file or a SQLAlchemy URL. [default: manager.db in the state directory]",
)
@click.option("--desired", type=click.Path(path_type=Path), metavar="DIR", help="A directory of specs to watch.")
@source_options
@click.option(
    "--hook-secret-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file with the secret that forges sign webhooks with.",
)
@click.option(
    "--suspect-after", type=Duration(), default="15s", show_default=True, help="Silence until a node is suspect."
)
@click.option("--lost-after", type=Duration(), default="60s", show_default=True, help="Silence until a node is lost.")
@click.option("--most-stops", type=click.IntRange(0), default=50, show_default=True, help=f"Stops {LIMIT}.")
@click.option(
    "--most-share",
    type=Share(),
    default="100%",
    show_default=True,
    help="Share of a business that stays to stop at once.",
)
@click.option("--most-nodes", type=click.IntRange(0), default=20, show_default=True, help=f"Nodes to stop on {LIMIT}.")
@click.option(
    "--most-volume-stops",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    help=f"Stops of instances with volumes {LIMIT}.",
)
@click.option(
    "--keep-revisions",
    type=click.IntRange(min=2),
    default=50,
    show_default=True,
    metavar="N",
    help="How many revisions of each business are kept.",
)
@token_option
def serve(
    listen: str,
    db: str | None,
    desired: Path | None,
    sources: tuple[SourceConfig, ...],
    hook_secret_file: Path | None,
    suspect_after: float,
    lost_after: float,
    most_stops: int,
    most_share: float,
    most_nodes: int,
    most_volume_stops: int,
    keep_revisions: int,
    token_file: Path | None,
) -> None:
    """Run the manager. Specs come from a directory, from git repositories, from the REST API, or from all of them."""
    from api.serve import ManagerConfig, run_manager
    from reconciler.plan.model.policy import BlastRadius, Policy
    from reconciler.source.source import SourceError
    from reconciler.store.model import StoreError

    if not 0 < suspect_after <= lost_after:
        raise CliError(
            f"--suspect-after {suspect_after:g}s must be more than 0 and at most --lost-after {lost_after:g}s"
        )
    if db is None:
        default_state().mkdir(parents=True, exist_ok=True)
        db = str(default_state() / "manager.db")
    log_to_stderr()
    save_memory()
    blast_radius = BlastRadius(most_stops, most_share, most_nodes, most_volume_stops)
    config = ManagerConfig(
        listen=listen,
        db=db,
        desired=desired,
        token=token(token_file or of_group("token_file")),
        policy=Policy(suspect_after, lost_after, blast_radius),
        keep_revisions=keep_revisions,
        sources=sources,
        hook_secret=read_token(hook_secret_file, {}, "secret") if hook_secret_file else None,
    )
    try:
        run_manager(config)
    except (StoreError, SourceError) as error:
        raise CliError(str(error)) from None

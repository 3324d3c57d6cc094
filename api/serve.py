"""Running a manager: store, loop and HTTP server, built in one place and ended in order."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

from api.app import build_app
from reconciler.control.dispatch.agent_client import AgentClient
from reconciler.control.manager import Manager
from reconciler.net.http_server import HttpServer
from reconciler.net.listen import bind, check_exposure, parse_listen
from reconciler.net.service import wait_for_signal
from reconciler.plan.model.policy import Policy
from reconciler.source.configure import build_sources
from reconciler.source.source import SourceConfig
from reconciler.store.db.opening import path_of
from reconciler.store.store import Store
from reconciler.store.tables.revisions import REVISIONS_MAX
from reconciler.wire.reports import REPORT_BYTES_MAX

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ManagerConfig:
    """How to run a manager: where it listens, its database (path or URL), its sources, its token.

    `desired` is a directory to watch besides the other sources. `hook_secret` is what forges sign webhooks with.
    """

    listen: str
    db: str
    desired: Path | None = None
    token: str | None = field(default=None, repr=False)
    sources: tuple[SourceConfig, ...] = ()
    hook_secret: str | None = field(default=None, repr=False)
    policy: Policy = field(default_factory=Policy)
    keep_revisions: int = REVISIONS_MAX


class RunningManager:
    """A manager that runs in threads of this process until `close`."""

    def __init__(self, config: ManagerConfig) -> None:
        """Raises ServeError when it can't listen, StoreError when the database can't be used, SourceError."""
        listen = parse_listen(config.listen)
        check_exposure(listen, config.token, "the manager")
        socket = bind(listen)
        try:
            self._store = Store.open(config.db, config.keep_revisions)
        except BaseException:
            socket.close()
            raise
        try:
            sources = build_sources(_configs(config), mirrors_of(path_of(config.db)))
        except BaseException:
            self._store.close()
            socket.close()
            raise
        self._manager = Manager(self._store, AgentClient(config.token), sources, config.policy)
        app = build_app(self._manager, config.token, config.hook_secret)
        self._server = HttpServer(app, socket, max_body=2 * REPORT_BYTES_MAX)
        host, port = socket.getsockname()[:2]
        self.port: int = port
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._manager.start()
        self._server.start()
        log.info("the manager listens on %s", self.url)

    def close(self) -> None:
        """Stop listening, end the loop, close the database. Ends no instance."""
        self._server.close()
        self._manager.close()
        self._store.close()


def _configs(config: ManagerConfig) -> list[SourceConfig]:
    watched = [SourceConfig(directory=config.desired)] if config.desired else []
    return [*watched, *config.sources]


def mirrors_of(database: Path) -> Path:
    """Name the folder where a manager with this database keeps what it fetches."""
    return database.with_name(f"{database.stem}-git")


def start_manager(config: ManagerConfig) -> RunningManager:
    """Start a manager and return; the caller closes it."""
    return RunningManager(config)


def run_manager(config: ManagerConfig) -> None:
    """Run a manager until a signal asks it to end."""
    manager = start_manager(config)
    try:
        wait_for_signal()
    finally:
        manager.close()

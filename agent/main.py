"""Running an agent: its runtimes, supervisor, HTTP server and reporter, built in one place and ended in order."""

import fcntl
import logging
import os
import re
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from agent.api.app import BODY_BYTES_MAX, build_app
from agent.engine.images.gc_policy import KEEP_SECONDS, KEEP_SECONDS_MIN
from agent.engine.seeker import EngineSeeker
from agent.host.address import advertised_address
from agent.host.gpu import open_gpus
from agent.host.resources import NodeSampler, capacity
from agent.reporting.manager_client import ManagerClient
from agent.reporting.outbox import Outbox
from agent.reporting.report_builder import Host, ReportBuilder
from agent.reporting.reporter import Reporter
from agent.runtime.contract import Runtime
from agent.supervisor.lease import Lease
from agent.supervisor.supervisor import Supervisor
from reconciler.manifest.ids import is_id
from reconciler.net.http_server import HttpServer
from reconciler.net.listen import Listen, ServeError, bind, check_exposure, parse_listen
from reconciler.net.service import wait_for_signal

log = logging.getLogger(__name__)

Runtimes = Literal["auto", "docker", "process"]


def default_node_id() -> str:
    """Return this machine's host name in small letters, as far as it makes a node id."""
    return re.sub(r"[^a-z0-9._-]", "-", socket.gethostname().lower()).strip("._-")[:63].strip("._-") or "node"


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """How to run an agent: where it listens, whom it reports to (URL), who it is, and where it keeps its files.

    `runtimes` is `docker`, `process` or `auto` (process always, docker when an Engine answers). `heartbeat` and
    `keep_images`, how long images that it brought stay when nothing uses them, are in seconds.
    """

    listen: str
    manager_url: str
    state_dir: Path
    node_id: str = field(default_factory=default_node_id)
    labels: dict[str, str] = field(default_factory=dict)
    token: str | None = field(default=None, repr=False)
    runtimes: Runtimes = "auto"
    heartbeat: float = 5.0
    keep_images: float = KEEP_SECONDS


class Part(Protocol):
    """What an agent is made of: it works from `start` until `close`."""

    def start(self) -> None:
        """Begin to work."""

    def close(self) -> None:
        """End the work and let go of everything."""


class RunningAgent:
    """An agent that runs in threads of this process until `close`."""

    def __init__(self, config: AgentConfig) -> None:
        """Build and start every part. Raises ServeError when it can't run as configured, and leaves nothing behind."""
        _check(config)
        listen = parse_listen(config.listen)
        check_exposure(listen, config.token, "the agent")
        with ExitStack() as parts:
            parts.callback(os.close, _claim(config.state_dir))
            bound = bind(listen)
            parts.callback(bound.close)
            self.port: int = bound.getsockname()[1]
            self.address = advertised_address(listen.host, self.port, config.manager_url)
            self._build(config, listen, bound, parts)
            self._parts = parts.pop_all()
        log.info("agent %s listens on %s; the manager calls it at %s", config.node_id, listen, self.address)

    def close(self) -> None:
        """End every part, the last one built first: the agent falls silent before it lets go. Ends no instance."""
        self._parts.close()

    def _build(self, config: AgentConfig, listen: Listen, bound: socket.socket, parts: ExitStack) -> None:
        """Build what works on instances, then what asks for them, then what reports them."""
        outbox = Outbox()
        runtimes: dict[str, Runtime] = {} if config.runtimes == "docker" else {"process": _processes(config)}
        supervisor = Supervisor(runtimes, outbox.put)
        parts.callback(supervisor.close)
        is_complete = self._seek_engine(config, supervisor, parts)

        assert config.token or listen.is_loopback, "rule 10 (the agent's API is root on its host): no token"
        app = build_app(supervisor, config.node_id, config.token)
        _start(HttpServer(app, bound, 2 * BODY_BYTES_MAX), parts)

        lease = Lease(config.state_dir / "lease.json", supervisor.stop_singletons)
        _start(lease, parts)
        client = ManagerClient(config.manager_url, config.token)
        builder = ReportBuilder(_host(config, self.address), supervisor, config.heartbeat / 2)
        _start(Reporter(client, builder, outbox, lease, config.heartbeat, is_complete), parts)

    def _seek_engine(self, config: AgentConfig, supervisor: Supervisor, parts: ExitStack) -> Callable[[], bool]:
        """Look for a Docker Engine unless there is to be none; what tells whether all that runs here is known."""
        if config.runtimes == "process":
            return supervisor.inventories.are_complete
        seeker = EngineSeeker(
            lambda: _docker(config),
            lambda runtime: supervisor.offer("docker", runtime),
            required=config.runtimes == "docker",
        )
        _start(seeker, parts)
        return lambda: seeker.is_complete() and supervisor.inventories.are_complete()


def _start(part: Part, parts: ExitStack) -> None:
    part.start()
    parts.callback(part.close)


def _host(config: AgentConfig, address: str) -> Host:
    return Host(
        node_id=config.node_id,
        address=address,
        capacity=capacity(),
        usage=NodeSampler().usage,
        gpus=open_gpus().devices,
        labels=config.labels,
    )


def start_agent(config: AgentConfig) -> RunningAgent:
    """Start an agent and return; the caller closes it. Raises ServeError."""
    return RunningAgent(config)


def run_agent(config: AgentConfig) -> None:
    """Run an agent until SIGTERM or SIGINT. What it runs goes on. Raises ServeError."""
    agent = start_agent(config)
    try:
        wait_for_signal()
        log.info("ending; what runs here runs on")
    finally:
        agent.close()


def _check(config: AgentConfig) -> None:
    if not re.fullmatch(r"https?://[^\s/?#]+/?", config.manager_url):
        raise ServeError(
            f"--manager '{config.manager_url}' is not a manager's address: give it as http://HOST:PORT, "
            "such as http://10.0.0.1:7700"
        )
    if not is_id(config.node_id):
        raise ServeError(
            f"--node-id '{config.node_id}' can't name a node: give 1 to 63 letters, digits, '.', '_' or '-', "
            "with a letter or digit at both ends"
        )
    if not 0.1 <= config.heartbeat <= 60:
        raise ServeError(f"--heartbeat {config.heartbeat:g} is out of range: give 0.1 to 60 seconds")
    if config.keep_images < KEEP_SECONDS_MIN:
        raise ServeError(
            f"--keep-images {config.keep_images:g}s is too short: give 1h or more, because a deploy may wait that long "
            "between having its image and using it"
        )


def _claim(state_dir: Path) -> int:
    """Hold the agent's directory for this process; a handle whose closing lets go of it.

    Two agents on one directory would end each other's instances. The lock is on the directory itself and writes
    nothing.
    """
    handle = -1
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise ServeError(
            f"another agent uses {state_dir}: end it, or give this one a --state-dir and --node-id of its own"
        ) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ServeError(f"the agent can't keep files in {state_dir}: {reason}; choose another --state-dir") from None
    return handle


def _docker(config: AgentConfig) -> Runtime:
    # Imported only where an Engine may be: the library would be a third of the memory of an agent without one.
    from agent.engine.runtime import DockerRuntime

    return DockerRuntime.connect(config.node_id, config.state_dir, config.keep_images)


def _processes(config: AgentConfig) -> Runtime:
    from agent.process.runtime import ProcessRuntime

    return ProcessRuntime(config.node_id, config.state_dir)

"""A small language for stories of a manager: a real store on disk, a clock that the story moves, and played nodes.

    site = Site(tmp_path)
    site.nodes("a", "b")
    site.deploys(business("shop", component("web")))
    site.settles()
    assert site.running() == ["shop/web/0 on a"]

A turn is taken when the story says so, and calls to agents are made within it: there are no threads.
"""

import functools
import tempfile
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from reconciler.control.dispatch.agent_client import AgentError
from reconciler.control.dispatch.node_queues import NodeQueues
from reconciler.control.manager import Manager
from reconciler.manifest.model import Business
from reconciler.plan.model.policy import Policy
from reconciler.source.files import Declared, SourceReading
from reconciler.store import Store
from reconciler.store.model import Event
from reconciler.wire.messages import Deploy, InstanceKey, Status, Stop, reservation_of
from reconciler.wire.reports import InstanceReport, NodeCapacity, NodeReport
from reconciler.wire.streams import LogChunk
from tests.support.planning import NOW


@functools.cache
def blank_database() -> bytes:
    """The file of a store that was just made: making one takes longer than most stories do."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "blank.db"
        Store.open(path).close()
        return path.read_bytes()


class Clock:
    """Seconds since the epoch, or of any other clock, as the story has it."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


class InlineQueues(NodeQueues):
    """Makes every call at once, in the turn that asks for it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def put(self, node_id: str, about: Hashable, job: Callable[[], bool]) -> None:
        self.asked.append(node_id)
        job()

    def close(self) -> None:
        pass


class Agents:
    """Plays the agents of all nodes: runs what it is asked for, at once and without fail, unless the story says else.

    `asked` has every call as text. Addresses in `silent` do not answer, those in `idle` accept and do nothing, those in
    `refusing` refuse.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.runs: dict[str, dict[InstanceKey, InstanceReport]] = {}
        self.silent: set[str] = set()
        self.idle: set[str] = set()
        self.refusing: set[str] = set()
        self.containers = 0

    def deploy(self, address: str, deploy: Deploy) -> None:
        if self._answers(address, f"deploy {deploy.key}"):
            self.containers += 1
            self.runs.setdefault(address, {})[deploy.key] = InstanceReport(
                business_id=deploy.business_id,
                component_id=deploy.component.component_id,
                instance=deploy.instance,
                status=Status.RUNNING,
                digest=deploy.digest,
                version=deploy.version,
                container_id=f"container-{self.containers}",
                started_at=float(self.containers),
                reservation=reservation_of(deploy.component, deploy.gpu_devices),
            )

    def stop(self, address: str, stop: Stop) -> None:
        if self._answers(address, f"stop {stop.key}"):
            self.runs.get(address, {}).pop(stop.key, None)

    def logs(self, address: str, key: InstanceKey, query: Mapping[str, str]) -> LogChunk:
        self._answers(address, f"logs {key}")
        return LogChunk(lines=(), cursor="end")

    def fails(self, address: str, key: InstanceKey, message: str = "exit code 1") -> None:
        """What runs there of an instance ends and does not start again."""
        report = self.runs[address][key]
        self.runs[address][key] = msgspec.structs.replace(report, status=Status.FAILED, ended=True, message=message)

    def _answers(self, address: str, call: str) -> bool:
        self.asked.append(f"{call} at {address}")
        if address in self.silent:
            raise AgentError(f"the agent at {address} can't be reached", reached=False)
        if address in self.refusing:
            raise AgentError("no room", reached=True, status=507)
        return address not in self.idle


class FakeSource:
    """A source that says what the story has it say; business ids in `declares`, in files of their names."""

    removal_seconds = 0.0

    def __init__(self, name: str = "desired") -> None:
        self.name = name
        self.declares: list[Business] = []
        self.unreadable = ""
        self.looks_again = 0
        self.refreshed = 0
        self.started = self.closed = False
        self.changed: Callable[[], None] = lambda: None

    def read(self) -> SourceReading:
        if self.unreadable:
            return SourceReading(self.name, unreadable=self.unreadable)
        return SourceReading(self.name, {one.business_id: Declared(one, self.file(one)) for one in self.declares})

    def file(self, business: Business) -> str:
        return f"{self.name}/{business.business_id}.yaml"

    def start(self, changed: Callable[[], None]) -> None:
        self.started = True
        self.changed = changed

    def look_again(self) -> None:
        self.looks_again += 1

    def refresh(self) -> None:
        self.refreshed += 1

    def close(self) -> None:
        self.closed = True


class Site:
    """A manager and its played nodes."""

    def __init__(self, path: Path, *sources: FakeSource, policy: Policy | None = None) -> None:
        self.path = path / "manager.db"
        self.path.write_bytes(blank_database())
        self.sources = sources
        self.policy = policy
        self.clock = Clock()
        self.agents = Agents()
        self.names: list[str] = []
        self._open()

    def _open(self) -> None:
        self.store = Store.open(self.path)
        self.manager = Manager(
            self.store,
            self.agents,  # type: ignore[arg-type]
            self.sources,
            self.policy,
            self.clock,
            self.clock,
            InlineQueues(),
        )

    def close(self) -> None:
        self.store.close()

    def restarts(self) -> None:
        """The manager ends and is started anew on the same database."""
        self.close()
        self._open()

    # -- nodes

    def nodes(self, *names: str) -> None:
        """These nodes report for the first time."""
        self.names += names
        self.reports(*names)

    def reports(self, *names: str, without: Sequence[str] = (), **fields: Any) -> None:
        """These nodes (or all of them) report what runs there, but for the instances `without`."""
        for name in names or self.names:
            running = self.agents.runs.get(f"http://{name}", {})
            report = NodeReport(
                node_id=name,
                address=f"http://{name}",
                capacity=NodeCapacity(cpu_cores=8, memory_mb=8192),
                instances=tuple(one for key, one in running.items() if str(key) not in without),
                timestamp=self.clock.now,
            )
            self.manager.nodes.report(msgspec.structs.replace(report, **fields))

    def passes(self, seconds: float, *silent: str) -> None:
        """Time passes in which nodes report every few seconds, but for those that are `silent`."""
        until = self.clock.now + seconds
        while self.clock.now < until:
            self.clock.passes(min(5.0, until - self.clock.now))
            reporting = [name for name in self.names if name not in silent]
            if reporting:
                self.reports(*reporting)
            self.turns()

    # -- desired state

    def deploys(self, *businesses: Business) -> None:
        """Somebody deploys these over the API, or changes them."""
        known = self.store.desired.snapshot().businesses
        for one in businesses:
            accept = self.manager.specs.replace if one.business_id in known else self.manager.specs.create
            accept(one, "ann")

    # -- the loop

    def turns(self) -> None:
        """The loop takes a turn."""
        self.manager.loop.turn()

    def settles(self) -> None:
        """Turns follow each other, with a report of every node in between, until nothing happens."""
        for _ in range(10):
            before = len(self.agents.asked)
            self.turns()
            self.reports()
            self.turns()
            if len(self.agents.asked) == before:
                return
        raise AssertionError(f"no rest after 10 rounds: {self.agents.asked[-5:]}")

    # -- what can be seen

    def events(self, *kinds: str) -> list[Event]:
        """The events so far, of these kinds only where some are named."""
        return [event for event in self.store.events.find(limit=10_000) if not kinds or event.kind in kinds]

    def told(self, *kinds: str) -> list[str]:
        """The events' messages, after what they are about: `shop/web/0 on a: not running yet`."""
        return [f"{_about(event)}: {event.message}" for event in self.events(*kinds)]

    def running(self) -> list[str]:
        """What runs, by the agents: `shop/web/0 on a`."""
        return sorted(
            f"{key} on {address.removeprefix('http://')}"
            for address, reports in self.agents.runs.items()
            for key, report in reports.items()
            if not report.ended
        )

    def status(self, business_id: str = "shop") -> str:
        """The business's status word."""
        return self.manager.view().statuses[business_id].status


def _about(event: Event) -> str:
    parts = [event.business_id, event.component_id, None if event.instance is None else str(event.instance)]
    about = "/".join(part for part in parts if part)
    return " on ".join(part for part in (about, event.node_id) if part)

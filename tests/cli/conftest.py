"""One manager in this process for all tests of the command line, with two nodes whose agents are played."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from tests.support.cluster import Cluster, business, program
from tests.support.commands import command
from tests.support.played import PlayedNode, carry_out

Cli = Callable[..., CompletedProcess[str]]


@dataclass(frozen=True)
class Fleet:
    """A manager that may do three stops a plan, and the nodes `east` and `west`; silence matters to it late."""

    manager: Cluster
    east: PlayedNode
    west: PlayedNode

    def cli(self, *words: str, stdin: str | None = None) -> CompletedProcess[str]:
        """Run a command against the manager."""
        return self.manager.cli(*words, stdin=stdin)

    def runs(self, business_id: str = "shop", **more: object) -> int:
        """Have a business of one component `web` accepted, and run; its revision."""
        done = self.manager.post(business(business_id, [program("web", None, "sleep 600", **more)]))
        self.settle()
        return int(done["revision"])

    def settle(self) -> None:
        """Have the nodes do what is planned."""
        carry_out(self.manager, self.east, self.west)

    def cleared(self) -> None:
        """Remove every business, and what runs of any."""
        ids = [item["business_id"] for item in self.manager.get("/api/businesses")]
        for business_id in ids:
            self.manager.delete(business_id)
        held = self.manager.get("/api/approvals")
        if held["pending"]:
            self.manager.request("POST", f"/api/plans/{held['hash']}/approve")
        self.settle()
        for node in self.manager.get("/api/nodes"):
            if node["cordoned"]:
                self.manager.request("POST", f"/api/nodes/{node['node_id']}/uncordon")


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The fleet, whatever tests left there."""
    manager = Cluster(tmp_path_factory.mktemp("cli"))
    manager.start_manager("--suspect-after", "1h", "--lost-after", "2h", "--most-stops", "3")
    runtimes = ["docker", "process"]
    east = PlayedNode(manager, "east", labels={"zone": "a"}, runtimes=runtimes)
    yield Fleet(manager, east, PlayedNode(manager, "west", labels={"zone": "b"}, runtimes=runtimes))
    manager.close()


@pytest.fixture
def fleet(started: Fleet) -> Iterator[Fleet]:
    """The fleet, with nothing deployed."""
    yield started
    started.cleared()


@pytest.fixture
def shop_file(tmp_path: Path) -> Path:
    """The spec of a shop of one program."""
    path = tmp_path / "shop.yaml"
    path.write_text(yaml.safe_dump(business("shop", [program("web", None, "sleep 600")])))
    return path


@pytest.fixture
def nowhere() -> Cli:
    """Run a command where no manager answers."""
    return lambda *words: command("--manager", "http://127.0.0.1:1", *words)

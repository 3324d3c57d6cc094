"""What becomes of the sources, row by row, on real containers: none of it stops one, and each says what is wrong."""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml

from tests.support.cluster import Cluster, business, docker_component
from tests.support.engine import remove_containers
from tests.support.repositories import Repository, git
from tests.support.waiting import wait_until

pytestmark = pytest.mark.docker

ENDS = ("die", "stop", "kill", "restart", "start", "destroy", "create")
FILES = ("shop", "blog")
COMMITTED = ("pay", "mail")


def text(name: str, *components: str) -> str:
    """A business of small containers."""
    return str(yaml.safe_dump(business(name, [docker_component(part) for part in components or ("web",)])))


class Fleet:
    """A directory and a repository that declare two businesses each, all of them running."""

    def __init__(self, root: Path, client: docker.DockerClient) -> None:
        self.node = f"prune-{uuid.uuid4().hex[:8]}"
        self.cluster = Cluster(root / "cluster")
        self.desired = self.cluster.desired
        self.infra = Repository(root)
        self._client = client
        for name in FILES:
            (self.desired / f"{name}.yaml").write_text(text(name, "a", "b") if name == "shop" else text(name))
        self.first = self.infra.push({f"desired/{name}.yaml": text(name) for name in COMMITTED}, "Begin")
        self._words = ("--git", str(self.infra.bare), "--branch", "main", "--path", "desired", "--poll", "1h")
        self.cluster.start_manager(*self._words)
        self.cluster.start_agent(self.node)
        for name in (*FILES, *COMMITTED):
            wait_until(lambda name=name: self.cluster.status(name), what=f"{name} to be known")
            self.cluster.wait_status(name, "running")
        self.before = self.containers()

    def restart(self, *more: str) -> None:
        """End the manager and start another."""
        assert self.cluster.manager is not None
        self.cluster.manager.terminate()
        self.cluster.start_manager(*self._words, *more)
        self.cluster.wait_node(self.node)

    def sync(self) -> dict[str, Any]:
        """What a sync says."""
        reply = self.cluster.request("POST", "/api/sync")
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def stays(self, *says: str) -> None:
        """A sync complains in these words, and removes and changes nothing."""
        told = self.sync()
        assert told["status"] == "error" and not told["removed"] and not told["accepted"], told
        assert all(word in json.dumps(told, ensure_ascii=False) for word in says), told
        self.is_untouched()

    def goes_on(self) -> None:
        """A sync has no complaint, and nothing restarts."""
        told = self.sync()
        assert told["status"] == "success" and not told["removed"], told
        self.is_untouched()

    def is_untouched(self) -> None:
        """Nothing is to be done, and the same containers run."""
        plan = self.cluster.plan()
        assert not plan["actions"], plan["actions"]
        assert self.containers() == self.before

    def containers(self) -> dict[str, str]:
        """Container id → when it was started."""
        found = self._client.containers.list(filters={"label": f"reconciler.node_id={self.node}"}, ignore_removed=True)
        return {item.id: item.attrs["State"]["StartedAt"] for item in found}

    def labels(self, business_id: str) -> dict[str, str]:
        """The labels of a business's only container."""
        wanted = [f"reconciler.node_id={self.node}", f"reconciler.business_id={business_id}"]
        (found,) = self._client.containers.list(filters={"label": wanted})
        return dict(found.labels)

    def now(self) -> float:
        """The Engine's clock, in seconds since the epoch."""
        return datetime.fromisoformat(self._client.info()["SystemTime"][:26] + "+00:00").timestamp()

    def happened(self, since: float) -> list[str]:
        """What the Engine has seen our containers do since then."""
        filters = {"type": "container", "label": f"reconciler.node_id={self.node}"}
        events = self._client.events(since=since, until=self.now(), filters=filters, decode=True)
        return [event["Action"] for event in events if event["Action"] in ENDS]

    def newest_event(self) -> int:
        """The id of the manager's newest event."""
        return int(self.cluster.get("/api/events?limit=1")[-1]["id"])

    def close(self) -> None:
        self.cluster.close()
        remove_containers(self._client, self.node)


@pytest.fixture(scope="module")
def fleet_of_module(
    tmp_path_factory: pytest.TempPathFactory, client: docker.DockerClient, images: None
) -> Iterator[Fleet]:
    made = Fleet(tmp_path_factory.mktemp("prune"), client)
    yield made
    made.close()


@pytest.fixture
def fleet(fleet_of_module: Fleet) -> Iterator[Fleet]:
    """The fleet, which has to be as it was when the test is over, without any container having stopped meanwhile."""
    made = fleet_of_module
    began, newest = made.now(), made.newest_event()
    yield made
    assert made.containers() == made.before
    assert not made.happened(began)
    events = made.cluster.get(f"/api/events?after={newest}&limit=1000")
    assert not [event for event in events if event["kind"] in ("stop", "removed", "update", "create")], events


# -- the directory


def missing(desired: Path) -> None:
    """A mount that is not there."""


def a_file(desired: Path) -> None:
    desired.write_text("")


def a_loop(desired: Path) -> None:
    """Nobody can list it, not even root."""
    desired.symlink_to(desired.name)


def a_broken_link(desired: Path) -> None:
    desired.symlink_to("never-mounted")


def an_empty_folder(desired: Path) -> None:
    desired.mkdir()


def an_empty_checkout(desired: Path) -> None:
    """What git leaves of a repository without commits."""
    subprocess.run(["git", "init", "-q", str(desired)], check=True)


IN_PLACE: list[tuple[Callable[[Path], None], str]] = [
    (missing, "No such file or directory"),
    (a_file, "Not a directory"),
    (a_loop, "loop"),
    (a_broken_link, "No such file or directory"),
    (an_empty_folder, "no file of desired declares a business any more (blog, shop would go)"),
    (an_empty_checkout, "no file of desired declares a business any more (blog, shop would go)"),
]


@pytest.mark.parametrize(("make", "why"), IN_PLACE)
def test_a_folder_that_is_gone_unreadable_or_empty(fleet: Fleet, make: Callable[[Path], None], why: str) -> None:
    away = fleet.desired.with_name("away")
    fleet.desired.rename(away)
    make(fleet.desired)
    fleet.stays("nothing is removed", why)
    if fleet.desired.is_dir():
        shutil.rmtree(fleet.desired)
    else:
        fleet.desired.unlink(missing_ok=True)
    away.rename(fleet.desired)
    fleet.goes_on()


def test_a_new_manager_with_an_empty_directory_of_the_same_name(fleet: Fleet, tmp_path: Path) -> None:
    other = tmp_path / "desired"
    other.mkdir()
    fleet.restart("--desired", str(other))
    fleet.stays("no file of desired declares a business any more", "reconciler sync --prune")
    fleet.restart()
    fleet.goes_on()


def test_a_new_manager_while_the_mount_is_missing(fleet: Fleet) -> None:
    away = fleet.desired.with_name("away")
    fleet.desired.rename(away)
    fleet.restart()
    fleet.stays("No such file or directory")
    away.rename(fleet.desired)
    fleet.goes_on()


def test_a_rename_restarts_nothing(fleet: Fleet) -> None:
    (fleet.desired / "shop.yaml").rename(fleet.desired / "renamed.yaml")
    fleet.goes_on()
    assert fleet.cluster.get("/api/businesses/shop")["source"] == "desired/renamed.yaml"
    (fleet.desired / "team").mkdir(exist_ok=True)
    (fleet.desired / "renamed.yaml").rename(fleet.desired / "team/shop.yaml")
    fleet.goes_on()
    (fleet.desired / "team/shop.yaml").rename(fleet.desired / "shop.yaml")
    fleet.goes_on()


def test_two_files_that_claim_one_business(fleet: Fleet) -> None:
    twin = fleet.desired / "twin.yaml"
    twin.write_text(text("shop", "a", "other"))
    fleet.stays("declared in desired/twin.yaml too", "declared in desired/shop.yaml too", "neither is applied")
    twin.unlink()
    fleet.goes_on()


def test_a_link_out_of_the_folder(fleet: Fleet, tmp_path: Path) -> None:
    file = fleet.desired / "blog.yaml"
    (tmp_path / "outside.yaml").write_text(text("blog", "other"))
    file.unlink()
    file.symlink_to(tmp_path / "outside.yaml")
    fleet.stays("desired/blog.yaml", "outside of what is read here", str(tmp_path / "outside.yaml"))
    file.unlink()
    file.write_text(text("blog"))
    fleet.goes_on()


def a_link_to_itself(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.name)


def a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


BROKEN: list[tuple[Callable[[Path], object], str]] = [
    (lambda file: file.write_text(text("blog")[:60]), "desired/blog.yaml"),
    (lambda file: file.write_text(""), "delete the file to remove it"),
    (lambda file: file.write_bytes(b"\0" * 400), "desired/blog.yaml"),
    (a_link_to_itself, "desired/blog.yaml"),
    (a_pipe, "no regular file"),
]


@pytest.mark.parametrize(
    ("spoil", "why"), BROKEN, ids=["half written", "emptied", "zeros", "a link to itself", "a pipe"]
)
def test_a_file_that_can_t_be_read(fleet: Fleet, spoil: Callable[[Path], object], why: str) -> None:
    file = fleet.desired / "blog.yaml"
    spoil(file)
    fleet.stays(why)
    file.unlink()
    file.write_text(text("blog"))
    fleet.goes_on()


def test_a_folder_within_that_can_t_be_read(fleet: Fleet) -> None:
    (fleet.desired / "team").mkdir(exist_ok=True)
    (fleet.desired / "blog.yaml").rename(fleet.desired / "team/blog.yaml")
    fleet.goes_on()
    (fleet.desired / "team").rename(fleet.desired / ".team")
    (fleet.desired / "team").symlink_to("team")
    fleet.stays("desired/team")
    (fleet.desired / "team").unlink()
    (fleet.desired / ".team/blog.yaml").rename(fleet.desired / "blog.yaml")
    fleet.goes_on()


def test_a_file_that_is_still_being_written_though_its_beginning_is_a_spec(fleet: Fleet) -> None:
    file, whole, begun = fleet.desired / "shop.yaml", text("shop", "a", "b"), text("shop", "a")
    assert whole.startswith(begun)
    with file.open("w") as writing:
        writing.write(begun)
        writing.flush()
        fleet.stays("desired/shop.yaml", "it is being written")
        writing.write(whole.removeprefix(begun))
    wait_until(lambda: not fleet.cluster.get("/api/sources")[0]["problems"], what="the whole file to be read")
    fleet.goes_on()


def test_a_file_that_is_replaced_while_it_is_read(fleet: Fleet) -> None:
    file, other = fleet.desired / "shop.yaml", fleet.desired / ".shop"
    for _ in range(200):
        other.write_text(text("shop", "a", "b"))
        other.replace(file)
    told = fleet.sync()
    assert not told["removed"] and not told["accepted"]
    (fleet.desired / "blog.yaml").unlink()
    (fleet.desired / "other.txt").write_text("an event while it is away")
    (fleet.desired / "blog.yaml").write_text(text("blog"))
    fleet.goes_on()


# -- the repository


def test_a_failed_fetch_keeps_the_last_good_commit_also_for_a_new_manager(fleet: Fleet) -> None:
    gone = fleet.infra.bare.with_name("gone.git")
    fleet.infra.bare.rename(gone)
    fleet.stays("can't be fetched", fleet.infra.bare.name, "stays")
    fleet.restart()
    fleet.stays("can't be fetched", "stays")
    gone.rename(fleet.infra.bare)
    fleet.goes_on()


def test_a_force_push_of_another_history(fleet: Fleet) -> None:
    git(fleet.infra.work, "checkout", "-q", "--orphan", "again")
    git(fleet.infra.work, "commit", "-q", "-m", "Another history")
    git(fleet.infra.work, "push", "-q", "--force", "origin", "HEAD:main")
    fleet.goes_on()
    assert "Another history" in json.dumps(fleet.cluster.get("/api/sources"))
    assert fleet.labels("pay")["reconciler.commit"] == fleet.first, "which the container was made from"
    git(fleet.infra.work, "checkout", "-q", "-f", "main")
    back(fleet)


def test_a_rename_in_the_repository_restarts_nothing(fleet: Fleet) -> None:
    git(fleet.infra.work, "mv", "desired/pay.yaml", "desired/money.yaml")
    fleet.infra.push({}, "Rename")
    fleet.goes_on()
    assert fleet.cluster.get("/api/businesses/pay")["source"] == "infra@main/desired/money.yaml"
    back(fleet)


def test_two_sources_that_claim_one_business(fleet: Fleet) -> None:
    fleet.infra.push({"desired/shop.yaml": text("shop", "other")}, "Claim the shop")
    fleet.stays("declared in desired/shop.yaml too", "declared in infra@main/desired/shop.yaml too")
    fleet.infra.push({"desired/shop.yaml": text("shop", "a", "b")}, "Move the shop")
    fleet.stays("declared in desired/shop.yaml too")
    (fleet.desired / "shop.yaml").unlink()
    fleet.goes_on()
    assert fleet.cluster.get("/api/businesses/shop")["source"] == "infra@main/desired/shop.yaml"
    (fleet.desired / "shop.yaml").write_text(text("shop", "a", "b"))
    back(fleet)


COMMITS: list[tuple[str, dict[str, str], str]] = [
    ("the folder gone", {"README.md": "x"}, "has no folder 'desired'"),
    ("an empty folder", {"desired/README.md": "x"}, "no file of infra@main/desired declares a business any more"),
    ("half a file", {"desired/pay.yaml": text("pay")[:60], "desired/mail.yaml": text("mail")}, "desired/pay.yaml"),
    ("a file instead of the folder", {"desired": "x"}, "has no folder 'desired'"),
]


@pytest.mark.parametrize(("what", "files", "why"), COMMITS, ids=[row[0] for row in COMMITS])
def test_a_commit_that_can_t_be_meant(fleet: Fleet, what: str, files: dict[str, str], why: str) -> None:
    git(fleet.infra.work, "rm", "-q", "-r", "desired")
    fleet.infra.push(dict(files), what)
    fleet.stays(why)
    back(fleet)


def test_a_link_out_of_the_repository_s_folder(fleet: Fleet) -> None:
    (fleet.infra.work / "desired/pay.yaml").unlink()
    (fleet.infra.work / "desired/pay.yaml").symlink_to("../outside.yaml")
    fleet.infra.push({"outside.yaml": text("pay", "other")}, "Link")
    fleet.stays("infra@main/desired/pay.yaml", "outside of what is read here")
    back(fleet)


def test_a_branch_that_is_gone(fleet: Fleet) -> None:
    git(fleet.infra.bare, "update-ref", "-d", "refs/heads/main")
    fleet.stays("can't be fetched", "refs/heads/main")
    back(fleet)


def back(fleet: Fleet) -> None:
    """Push the first commit again."""
    git(fleet.infra.work, "reset", "-q", "--hard", fleet.first)
    git(fleet.infra.work, "push", "-q", "--force", "origin", "HEAD:main")
    fleet.goes_on()

"""Git repositories as sources, over every way git has, several side by side; and what never stops a container."""

import json
import shutil
from pathlib import Path

import docker
import pytest
import yaml

from tests.support.cluster import Cluster, business, docker_component
from tests.support.git_servers import serve_http, serve_ssh
from tests.support.repositories import Repository, git, spec
from tests.support.waiting import wait_until

PASSWORD = "hunter2-of-the-forge"


def test_http_ssh_and_files_side_by_side(tmp_path: Path) -> None:
    made = {name: Repository(tmp_path / "repositories", name) for name in ("web", "team", "local")}
    for name, repository in made.items():
        repository.push({f"desired/{name}.yaml": spec(name)}, f"Add {name}")
    with serve_http(tmp_path / "repositories", PASSWORD) as http, serve_ssh(tmp_path / "ssh") as (ssh, command):
        listed = [
            {"git": f"{http}/web.git", "branch": "main", "path": "desired"},
            {"git": f"{ssh}{made['team'].bare}", "name": "team", "path": "desired/", "poll": "1s"},
            {"git": str(made["local"].bare), "branch": "main", "path": "desired", "poll": "1h"},
            {"directory": "more"},
        ]
        cluster = Cluster(tmp_path / "cluster")
        (cluster.root / "more").mkdir()
        (cluster.root / "more/extra.yaml").write_text(spec("extra"))
        sources = cluster.root / "sources.yaml"
        sources.write_text(yaml.safe_dump(listed))
        cluster.start_manager("--sources", str(sources), env={"GIT_SSH_COMMAND": command})
        try:
            for name in (*made, "extra"):
                wait_until(lambda name=name: cluster.status(name), what=f"{name} to be taken")
            found = {item["business_id"]: item["source"] for item in cluster.get("/api/businesses")}
            assert found == {
                "web": "web@main/desired/web.yaml",
                "team": "team/team.yaml",
                "local": "local@main/desired/local.yaml",
                "extra": "more/extra.yaml",
            }
            made["team"].push({"desired/team.yaml": spec("team", 601)}, "Polled")
            wait_until(lambda: cluster.get("/api/businesses/team")["revision"] == 2, what="the poll")
            made["local"].push({"README.md": "nothing that matters"}, "Not a spec")
            made["local"].push({"desired/local.yaml": spec("local", 601)}, "Synced")
            done = cluster.cli("sync")
            assert done.returncode == 0 and "local@main/desired: accepted local" in done.stdout, done.stderr
            revisions = cluster.get("/api/businesses/local/revisions")
            assert [revision["subject"] for revision in revisions] == ["Synced", "Add local"]
            shown = json.dumps(cluster.get("/api/sources")) + cluster.cli("status").stdout
        finally:
            cluster.close()
        assert "http://bot:(hidden)@127.0.0.1" in shown
        assert PASSWORD not in shown + cluster.logs(1000)


def test_sources_that_can_t_be_are_refused_at_the_start(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "cluster")
    sources = cluster.root / "sources.yaml"
    sources.write_text("- git: /srv/a.git\n- gti: /srv/b.git\n  poll: soon\n- directory: x\n  branch: main\n")
    cluster.start_manager("--sources", str(sources), wait=False)
    assert cluster.manager is not None and cluster.manager.process.wait(30) == 1
    said = cluster.logs(100)
    assert f"{sources}:2: [1].gti" in said and "did you mean 'git'" in said
    assert f"{sources}:3: [1].poll" in said and f"{sources}:5: [2].branch" in said and "Traceback" not in said
    sources.write_text(f"- directory: {cluster.desired}\n")
    cluster.start_manager("--sources", str(sources), wait=False)
    assert cluster.manager.process.wait(30) == 1 and "two sources are called 'desired'" in cluster.logs(100)


class Walk:
    """Two sources with three businesses each on real containers, none of which may ever stop."""

    def __init__(self, cluster: Cluster, infra: Repository, client: docker.DockerClient, node: str) -> None:
        self.cluster = cluster
        self.infra = infra
        self._client = client
        self._filters = {"label": f"reconciler.node_id={node}"}
        self.before = self.containers()

    def containers(self) -> dict[str, str]:
        """Container id → when it was started."""
        found = self._client.containers.list(filters=self._filters)
        return {item.id: item.attrs["State"]["StartedAt"] for item in found}

    def step(self, what: str, code: int = 1, says: str = "") -> None:
        """Everything runs on after a sync, which ends with this code and says this."""
        done = self.cluster.cli("sync")
        told = done.stdout + done.stderr
        assert done.returncode == code and says in told, f"{what}: {told}"
        plan = self.cluster.plan()
        assert not plan["actions"], (what, plan["actions"])
        assert self.containers() == self.before, what


@pytest.mark.docker
def test_no_container_stops_whatever_becomes_of_the_sources(
    empty: Cluster, nodes: list[str], client: docker.DockerClient, tmp_path: Path
) -> None:
    def text(name: str) -> str:
        return str(yaml.safe_dump(business(name, [docker_component("web")])))

    infra = Repository(tmp_path)
    infra.push({f"desired/{name}.yaml": text(name) for name in ("pay", "mail", "cron")}, "Begin")
    desired = empty.desired
    for name in ("shop", "blog", "news"):
        (desired / f"{name}.yaml").write_text(text(name))
    words = ("--git", str(infra.bare), "--branch", "main", "--path", "desired", "--poll", "1s")
    empty.start_manager(*words)
    empty.start_agent(nodes[0])
    names = ("shop", "blog", "news", "pay", "mail", "cron")
    for name in names:
        wait_until(lambda name=name: empty.status(name), what=f"{name} to be known")
        empty.wait_status(name, "running")
    walk = Walk(empty, infra, client, nodes[0])
    assert len(walk.before) == len(names)
    began = client.info()["SystemTime"]
    labels = client.containers.list(filters={"label": ["reconciler.business_id=pay"]})[0].labels
    assert labels["reconciler.commit"] == git(infra.work, "rev-parse", "HEAD").strip()
    assert labels["reconciler.revision"] == "1"

    # the directory
    away = desired.with_name("away")
    desired.rename(away)
    walk.step("a missing mount", says="No such file or directory")
    desired.write_text("")
    walk.step("no folder where one was", says="Not a directory")
    desired.unlink()
    desired.mkdir()
    walk.step("an empty folder", says="no file of desired declares a business any more")
    empty.manager and empty.manager.kill()
    empty.start_manager(*words)
    empty.wait_node(nodes[0])
    walk.step("an empty folder and a killed manager", says="sync --prune")
    desired.rmdir()
    away.rename(desired)
    walk.step("the folder is back", code=0)
    (desired / "shop.yaml").rename(desired / "renamed.yaml")
    walk.step("a rename", code=0)
    (desired / "twin.yaml").write_text(text("shop"))
    walk.step("two files claim one business", says="declared in desired/renamed.yaml too")
    (desired / "renamed.yaml").unlink()
    walk.step("the first of them goes", code=0)
    (tmp_path / "outside.yaml").write_text(text("blog"))
    (desired / "blog.yaml").unlink()
    (desired / "blog.yaml").symlink_to(tmp_path / "outside.yaml")
    walk.step("a link out of the folder", says="outside of what is read here")
    (desired / "blog.yaml").unlink()
    (desired / "blog.yaml").write_text(text("blog")[:60])
    walk.step("a file half written", says="blog.yaml")
    (desired / "blog.yaml").write_text("")
    walk.step("a file emptied", says="delete the file to remove it")
    (desired / "blog.yaml").unlink()
    (desired / "other.txt").write_text("an event while it is away")
    (desired / "blog.yaml").write_text(text("blog"))
    walk.step("a file replaced by deleting it first", code=0)

    # the repository
    gone = infra.bare.with_name("gone.git")
    infra.bare.rename(gone)
    walk.step("a failed fetch", says="can't be fetched")
    empty.manager and empty.manager.terminate()
    empty.start_manager(*words)
    empty.wait_node(nodes[0])
    walk.step("a failed fetch and a new manager", says="can't be fetched")
    gone.rename(infra.bare)
    walk.step("the repository is back", code=0)
    git(infra.work, "checkout", "-q", "--orphan", "again")
    git(infra.work, "commit", "-q", "-m", "Another history")
    git(infra.work, "push", "-q", "--force", "origin", "HEAD:main")
    walk.step("a force-push of an unrelated history", code=0, says="Another history")
    git(infra.work, "checkout", "-q", "-B", "main")
    git(infra.work, "mv", "desired/pay.yaml", "desired/money.yaml")
    infra.push({}, "Rename")
    walk.step("a rename", code=0, says="Rename")
    infra.push({"desired/shop.yaml": text("shop")}, "Claim the shop")
    walk.step("two sources claim one business", says="declared in desired/twin.yaml too")
    (desired / "twin.yaml").unlink()
    walk.step("it moves to the repository", code=0)
    assert empty.get("/api/businesses/shop")["source"] == "infra@main/desired/shop.yaml"
    git(infra.work, "rm", "-q", "-r", "desired")
    infra.push({"README.md": "all gone"}, "Remove the folder")
    walk.step("a commit without the folder", says="has no folder 'desired'")
    infra.push({"desired/README.md": "empty"}, "Empty the folder")
    walk.step("a folder without specs", says="no file of infra@main/desired declares a business any more")
    git(infra.bare, "update-ref", "-d", "refs/heads/main")
    walk.step("a branch that is gone", says="can't be fetched")

    assert walk.containers() == walk.before
    ended = client.info()["SystemTime"]
    happened = client.events(
        since=stamp(began), until=stamp(ended), filters=walk._filters | {"type": "container"}, decode=True
    )
    assert not [event["Action"] for event in happened if event["Action"] in ("die", "stop", "kill", "restart", "start")]
    shutil.rmtree(infra.work)


def stamp(text: str) -> float:
    """The Engine's time as seconds since the epoch."""
    from datetime import datetime

    return datetime.fromisoformat(text[:26] + "+00:00").timestamp()

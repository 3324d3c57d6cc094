"""Git repositories as sources, over every way git has, several side by side."""

import json
from pathlib import Path

import yaml

from tests.support.cluster import Cluster
from tests.support.git_servers import serve_http, serve_ssh
from tests.support.repositories import Repository, spec
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
        cluster = Cluster(tmp_path / "cluster", processes=True)
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
    cluster = Cluster(tmp_path / "cluster", processes=True)
    sources = cluster.root / "sources.yaml"
    sources.write_text("- git: /srv/a.git\n- gti: /srv/b.git\n  poll: soon\n- directory: x\n  branch: main\n")
    cluster.start_manager("--sources", str(sources), wait=False)
    assert cluster.child("manager").wait() == 1
    said = cluster.logs(100)
    assert f"{sources}:2: [1].gti" in said and "did you mean 'git'" in said
    assert f"{sources}:3: [1].poll" in said and f"{sources}:5: [2].branch" in said and "Traceback" not in said
    sources.write_text(f"- directory: {cluster.desired}\n")
    cluster.start_manager("--sources", str(sources), wait=False)
    assert cluster.child("manager").wait() == 1 and "two sources are called 'desired'" in cluster.logs(100)

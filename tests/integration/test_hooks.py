"""Real hooks, fired by git: what is wrong is refused before it lands, what lands is deployed at once."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from tests.support.commands import command
from tests.support.processes import environment
from tests.support.repositories import Repository, git, spec
from tests.support.waiting import wait_until

WRONG = spec("web").replace("command:", "comand:")


@pytest.fixture
def infra(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.fixture
def following(tmp_path: Path, infra: Repository) -> Iterator[Cluster]:
    """A manager that follows `infra` and looks by itself only once an hour, and a node that runs programs."""
    infra.push({"desired/app.yaml": spec("app"), "README.md": "x"})
    made = Cluster(tmp_path / "cluster")
    made.start_manager("--git", str(infra.bare), "--branch", "main", "--path", "desired", "--poll", "1h")
    made.start_agent("p", runtime="process")
    made.wait_node("p")
    made.wait_status("app", "running")
    yield made
    made.end_all()


def hooks_of(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir() if path.suffix != ".sample"}


def test_a_push_shows_removals_to_a_manager_that_follows_by_a_file_url(tmp_path: Path, infra: Repository) -> None:
    infra.push({"desired/app.yaml": spec("app"), "desired/more.yaml": spec("more")})
    made = Cluster(tmp_path / "cluster")
    made.start_manager("--git", f"file://{infra.bare}", "--branch", "main", "--path", "desired", "--poll", "1h")
    try:
        wait_until(lambda: len(made.get("/api/businesses")) == 2, what="both to be accepted")
        assert made.cli("hook", "install", str(infra.bare), "--plan").returncode == 0
        infra.commit({"desired/more.yaml": None}, "Drop more")
        assert "more would be removed" in git(infra.work, "push", "origin", "HEAD", env=environment())
    finally:
        made.close()


def test_push_to_deploy_to_a_bare_repository_on_the_manager_s_host(following: Cluster, infra: Repository) -> None:
    installed = following.cli("hook", "install", str(infra.bare), "--branch", "main", "--plan")
    assert installed.returncode == 0, installed.stderr
    assert hooks_of(infra.bare / "hooks") == {"pre-commit", "pre-receive", "post-commit", "post-merge", "post-receive"}

    infra.commit({"desired/app.yaml": spec("app", 601), "desired/more.yaml": spec("more")}, "Add more")
    said = git(infra.work, "push", "origin", "HEAD", env=environment())
    assert "create" in said and "more" in said and "Plan " in said, "the plan is shown to who pushes"
    assert "accepted more" in said and "Add more" in said, "and so is what came of it"
    more = following.wait_status("more", "running")
    assert more["commit"]["subject"] == "Add more" and more["revision"] == 1

    infra.commit({"desired/web.yaml": WRONG}, "Break it")
    refused = git(infra.work, "push", "origin", "HEAD", check=False, env=environment())
    assert "desired/web.yaml:" in refused and "command" in refused and "pre-receive hook declined" in refused
    elsewhere = git(infra.work, "push", "origin", "HEAD:draft", env=environment())
    assert "declined" not in elsewhere, "other branches are nobody's business"
    git(infra.work, "reset", "-q", "--hard", "HEAD~1")

    infra.commit({"desired/more.yaml": None}, "Drop more")
    assert "more would be removed" in git(infra.work, "push", "origin", "HEAD", env=environment())
    following.wait_gone("more")

    following.manager and following.manager.terminate()
    infra.commit({"desired/app.yaml": spec("app", 602)}, "While the manager is away")
    said = git(infra.work, "push", "origin", "HEAD", env=environment())
    assert "no plan can be shown" in said and "the sync failed" in said, "git goes on, and says so"
    following.start_manager("--git", str(infra.bare), "--branch", "main", "--path", "desired", "--poll", "1h")
    wait_until(lambda: following.get("/api/businesses/app")["revision"] == 3, what="the commit to be taken")
    assert following.cli("hook", "uninstall", str(infra.bare)).stdout.count("removed") == 5


def test_a_commit_is_checked_as_it_is_staged_and_synced_once_it_is_there(following: Cluster, infra: Repository) -> None:
    assert following.cli("hook", "install", str(infra.work)).returncode == 0
    infra.write({"desired/web.yaml": WRONG})
    git(infra.work, "add", "-A")
    infra.write({"desired/web.yaml": spec("web")})
    refused = git(infra.work, "commit", "-m", "x", check=False, env=environment())
    assert "desired/web.yaml:" in refused and "refused: 1 problem" in refused, "what counts is what is staged"
    git(infra.work, "add", "-A")
    infra.write({"desired/web.yaml": WRONG})
    assert "unchanged" in git(infra.work, "commit", "-m", "y", env=environment())
    infra.write({"desired/web.yaml": spec("web"), "desired/twice.yaml": spec("web")})
    git(infra.work, "add", "-A")
    assert "desired/twice.yaml too" in git(infra.work, "commit", "-m", "z", check=False, env=environment())
    partly = git(infra.work, "commit", "-m", "z", "README.md", check=False, env=environment())
    assert "nothing" in partly or "no changes" in partly, "a commit of named files is checked by its own index"


def test_hooks_of_others_are_never_overwritten(following: Cluster, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "r")], check=True)
    own = tmp_path / "r/.git/hooks/post-commit"
    own.write_text("#!/bin/sh\necho mine\n")
    done = following.cli("hook", "install", str(tmp_path / "r"))
    assert done.returncode == 1 and "reconciler" in done.stderr and str(own) in done.stderr
    assert own.read_text() == "#!/bin/sh\necho mine\n"
    nowhere = following.cli("hook", "install", str(tmp_path))
    assert nowhere.returncode == 1 and "no git repository" in nowhere.stderr


def test_a_sync_of_an_unknown_name_loses_nothing_of_what_it_fetched(following: Cluster, infra: Repository) -> None:
    infra.push({"desired/app.yaml": spec("app", 604), "desired/web.yaml": WRONG})
    done = following.cli("sync", "web")
    assert done.returncode == 1 and "no business 'web'" in done.stderr and "web.yaml" in done.stderr
    assert following.get("/api/businesses/app")["revision"] == 2


def test_a_wait_that_fails_does_not_hide_what_is_wrong_with_files(following: Cluster, infra: Repository) -> None:
    infra.push({"desired/late.yaml": spec("late") + "    affinity: {node_id: nowhere}\n", "desired/web.yaml": WRONG})
    done = following.cli("sync", "--wait", "--timeout", "1s")
    assert done.returncode == 1 and "not running after 1 s" in done.stderr and "web.yaml:" in done.stderr


def test_what_git_never_says_on_standard_input_is_refused() -> None:
    for line in ("garbage", "0 1", "main"):
        done = command("hook", "run", "pre-receive", stdin=f"{line}\n")
        assert done.returncode == 2 and f"'{line}'" in done.stderr and "OLD NEW REF" in done.stderr


def test_sync_waits_until_what_was_accepted_runs(following: Cluster, infra: Repository) -> None:
    infra.push({"desired/late.yaml": spec("late"), "desired/app.yaml": spec("app", 603)}, "Add late")
    done = following.cli("sync", "--wait")
    assert done.returncode == 0, done.stderr
    assert "Add late" in done.stdout and "accepted late" in done.stdout and "late/web/0 running on p" in done.stdout
    assert following.status("late") == "running" and following.status("app") == "running"
    shown = following.cli("status")
    assert "Add late by Ada Lovelace" in shown.stdout and "infra@main/desired" in shown.stdout
    assert "Add late by Ada Lovelace" in following.cli("events", "late").stdout


def test_commits_and_merges_in_a_working_repository_are_taken_at_once(tmp_path: Path, infra: Repository) -> None:
    infra.push({"desired/app.yaml": spec("app")}, "Begin")
    cluster = Cluster(tmp_path / "cluster")
    cluster.start_manager("--git", str(infra.work), "--branch", "main", "--path", "desired", "--poll", "1h")
    try:
        wait_until(lambda: cluster.status("app"), what="the first fetch")
        installed = cluster.cli("hook", "install", str(infra.work), "--plan")
        assert installed.returncode == 0, installed.stderr
        infra.write({"desired/app.yaml": spec("app", 601)})
        git(infra.work, "add", "-A")
        said = git(infra.work, "commit", "-m", "Change it", env=environment())
        assert "app/web/0" in said and "accepted app" in said, "the plan before, and what came of it"
        assert cluster.get("/api/businesses/app")["commit"]["subject"] == "Change it"

        other = tmp_path / "other"
        git(tmp_path, "clone", "-q", str(infra.bare), str(other))
        (other / "desired/more.yaml").write_text(spec("more"))
        git(other, "add", "-A")
        git(other, "commit", "-q", "-m", "Add more")
        git(other, "push", "-q", "origin", "HEAD")
        said = git(infra.work, "pull", "--no-rebase", "--no-edit", "origin", "main", env=environment())
        assert "accepted more" in said
        assert cluster.get("/api/businesses/more")["revision"] == 1
    finally:
        cluster.close()

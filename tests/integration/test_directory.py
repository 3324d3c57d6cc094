"""The watched directory: what it may do to what runs, and a real git repository that triggers it."""

import shutil
import subprocess
from pathlib import Path

import yaml

from tests.support.cluster import Cluster, business
from tests.support.waiting import wait_until


def spec(business_id: str, seconds: int = 600) -> str:
    """A business of one program."""
    component = {
        "component_id": "a",
        "type": "process",
        "command": ["sleep", str(seconds)],
        "stop_grace_period": "1s",
    }
    return str(yaml.safe_dump(business(business_id, [component])))


def deploy(programs: Cluster, *names: str) -> None:
    """Write a file for each business and wait until they run."""
    for name in names:
        (programs.desired / f"{name}.yaml").write_text(spec(name))
    for name in names:
        programs.wait_status(name, "running")


def names(programs: Cluster) -> set[str]:
    """Every business there is."""
    return {item["business_id"] for item in programs.get("/api/businesses")}


def test_a_file_that_goes_takes_its_business_with_it(programs: Cluster) -> None:
    deploy(programs, "one", "two", "three")
    (programs.desired / "two.yaml").unlink()
    programs.wait_gone("two")
    assert names(programs) == {"one", "three"}


def test_a_directory_that_goes_or_is_empty_removes_nothing(programs: Cluster) -> None:
    deploy(programs, "one", "two")
    running = {name: programs.containers(name) for name in ("one", "two")}
    away = programs.root / "away"
    programs.desired.rename(away)
    missing = programs.cli("sync")
    assert missing.returncode == 1 and "nothing is removed" in missing.stderr
    programs.desired.mkdir()
    empty = programs.cli("sync")
    assert empty.returncode == 1 and "reconciler sync --prune" in empty.stderr
    assert {name: programs.containers(name) for name in names(programs)} == running
    programs.desired.rmdir()
    away.rename(programs.desired)
    assert programs.cli("sync").returncode == 0
    assert {name: programs.containers(name) for name in names(programs)} == running


def test_removing_more_than_half_waits_for_a_yes(programs: Cluster) -> None:
    deploy(programs, "one", "two", "three")
    for name in ("one", "two"):
        (programs.desired / f"{name}.yaml").unlink()
    held = programs.cli("sync")
    assert held.returncode == 1 and "2 of 3" in held.stderr
    assert names(programs) == {"one", "two", "three"}
    said_yes = programs.cli("sync", "--prune")
    assert said_yes.returncode == 0, said_yes.stderr
    programs.wait_gone("one")
    programs.wait_gone("two")
    assert names(programs) == {"three"}


def test_one_broken_file_stops_only_itself(programs: Cluster) -> None:
    deploy(programs, "one", "two")
    before = programs.containers("one")
    (programs.desired / "one.yaml").write_text("business_id: one\ncomponents: [\n")
    (programs.desired / "two.yaml").write_text(spec("two", 601))
    wait_until(lambda: programs.get("/api/businesses/two")["revision"] == 2, what="the good file to be taken")
    told = programs.cli("sync")
    assert told.returncode == 1 and "one.yaml:" in told.stderr and "Traceback" not in told.stderr
    assert programs.containers("one") == before
    (programs.desired / "one.yaml").write_text(spec("one", 602))
    wait_until(lambda: programs.get("/api/businesses/one")["revision"] == 2, what="the mended file to be taken")


def test_a_commit_is_deployed_through_the_hook(programs: Cluster, tmp_path: Path) -> None:
    repository = tmp_path / "repository"

    def git(*words: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        done = subprocess.run(
            ["git", "-C", str(repository), *identity, *words], capture_output=True, text=True, check=True
        )
        return done.stdout + done.stderr

    repository.mkdir()
    git("init", "-q")
    installed = programs.cli("hook", "install", "--repo", str(repository))
    assert installed.returncode == 0, installed.stderr
    assert {path.name for path in (repository / ".git/hooks").iterdir() if not path.name.endswith(".sample")} == {
        "post-commit",
        "post-merge",
        "post-receive",
    }
    shutil.rmtree(programs.desired)
    (repository / "desired").mkdir()
    programs.desired.symlink_to(repository / "desired")
    (repository / "desired" / "app.yaml").write_text(spec("app"))
    git("add", ".")
    said = git("commit", "-m", "add app")
    assert "accepted app" in said or "1 unchanged" in said
    programs.wait_status("app", "running")
    programs.manager and programs.manager.terminate()
    (repository / "desired" / "app.yaml").write_text(spec("app", 601))
    said = git("commit", "-am", "while the manager is away")
    assert "the sync failed" in said, "git goes on, and says so"
    programs.start_manager()
    wait_until(lambda: programs.get("/api/businesses/app")["revision"] == 2, what="the commit to be taken")
    again = programs.cli("hook", "uninstall", "--repo", str(repository))
    assert again.stdout.count("removed") == 3


def test_hooks_of_others_are_never_overwritten(programs: Cluster, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "r")], check=True)
    own = tmp_path / "r/.git/hooks/post-commit"
    own.write_text("#!/bin/sh\necho mine\n")
    done = programs.cli("hook", "install", "--repo", str(tmp_path / "r"))
    assert done.returncode == 1 and "reconciler" in done.stderr and str(own) in done.stderr
    assert own.read_text() == "#!/bin/sh\necho mine\n"
    nowhere = programs.cli("hook", "install", "--repo", str(tmp_path))
    assert nowhere.returncode == 1 and "no git repository" in nowhere.stderr

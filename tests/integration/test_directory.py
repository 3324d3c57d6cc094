"""The watched directory: what it may do to what runs, and a real git repository that triggers it."""

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
    (programs.desired / "new.yaml").write_text("business_id: new\ncomponents: [\n")
    wait_until(lambda: "new.yaml:" in programs.cli("status").stdout, what="status to name the problem")
    assert "one.yaml:" in programs.cli("status").stdout
    unknown = programs.cli("status", "new")
    assert unknown.returncode == 1 and "no business 'new'" in unknown.stderr and "new.yaml" in unknown.stderr
    named = programs.cli("sync", "new")
    assert named.returncode == 1 and "no business 'new'" in named.stderr and "new.yaml" in named.stderr
    (programs.desired / "new.yaml").unlink()
    (programs.desired / "one.yaml").write_text(spec("one", 602))
    wait_until(lambda: programs.get("/api/businesses/one")["revision"] == 2, what="the mended file to be taken")

"""Going back while files are synced: what was rolled back stays away, and what comes next flows by itself."""

import json
import subprocess
import sys
from typing import Any

import yaml

from tests.support.cluster import Cluster, business, program
from tests.support.processes import environment
from tests.support.waiting import wait_until


def save(programs: Cluster, seconds: int, **more: Any) -> None:
    """Save the file of a business of one program that runs for so long."""
    component = program("a", "east", f"exec sleep {seconds}", **more)
    (programs.desired / "app.yaml").write_text(yaml.safe_dump(business("app", [component])))


def command(programs: Cluster) -> str:
    """What the accepted spec runs."""
    words: list[str] = programs.get("/api/businesses/app")["spec"]["components"][0]["command"]
    return words[-1]


def wait_revision(programs: Cluster, revision: int) -> dict[str, Any]:
    """The business, once it runs in this revision and nothing is left to do."""

    def accepted() -> bool:
        return bool(programs.request("GET", "/api/businesses/app").json().get("revision") == revision)

    wait_until(accepted, what=f"revision {revision}")
    programs.wait_status("app", "running")
    found: dict[str, Any] = programs.get("/api/businesses/app")
    return found


def test_a_rollback_is_not_undone_by_the_next_sync_and_the_next_save_flows(programs: Cluster) -> None:
    save(programs, 1001)
    wait_revision(programs, 1)
    save(programs, 1002)
    wait_revision(programs, 2)

    done = programs.cli("rollback", "app", "--wait")
    assert done.returncode == 0 and "rolled back to revision 1, as revision 3" in done.stdout, done.stderr
    assert wait_revision(programs, 3)["source"] == "desired/app.yaml"
    assert command(programs) == "exec sleep 1001"
    running = programs.containers("app")

    synced = programs.cli("sync")
    assert synced.returncode == 0, synced.stderr
    assert "app waits: pinned to revision 1: desired/app.yaml as it is was rolled back" in synced.stdout
    save(programs, 1002)  # the very same content, saved anew
    assert "app waits" in programs.cli("sync").stdout
    compared = programs.cli("diff")
    assert (
        compared.returncode == 1 and "exec sleep 1001" in compared.stdout and "reconciler unpin app" in compared.stdout
    )
    assert "pinned to revision 1" in programs.cli("status", "app").stdout

    assert programs.manager is not None
    programs.manager.terminate()
    programs.start_manager()
    found = wait_revision(programs, 3)
    assert found["pinned"] == 1 and programs.containers("app") == running, "it outlives the manager"

    save(programs, 1003)
    assert wait_revision(programs, 4)["pinned"] is None
    assert command(programs) == "exec sleep 1003"
    save(programs, 1002)
    assert "app waits" in programs.cli("sync").stdout, "what was rolled back stays away"
    assert command(programs) == "exec sleep 1003"
    assert programs.cli("unpin", "app").returncode == 0
    wait_revision(programs, 5)
    assert command(programs) == "exec sleep 1002"

    told = programs.cli("history", "app").stdout
    assert "api 127.0.0.1: rollback to revision 1" in told and "desired/app.yaml: revision 4" in told
    assert "a.command: [sh, -c, exec sleep 1003] → [sh, -c, exec sleep 1002]" in told
    causes = {(event["kind"], event["cause"]) for event in programs.get("/api/events?business=app&limit=1000")}
    assert ("update", "api 127.0.0.1: rollback to revision 1") in causes
    assert ("update", "desired/app.yaml: changed") in causes


def test_events_are_followed_over_a_restart_of_the_manager(programs: Cluster) -> None:
    save(programs, 1001)
    wait_revision(programs, 1)
    words = ["--manager", programs.url, "events", "-f", "--business", "app", "--since", "10m", "-o", "json"]
    log = programs.root / "events.out"
    with log.open("wb") as output:
        following = subprocess.Popen(
            [sys.executable, "-m", "reconciler.cli.main", *words], stdout=output, stderr=output, env=environment()
        )
    try:
        wait_until(lambda: "accepted" in log.read_text(), what="the events so far")
        assert programs.manager is not None
        programs.manager.terminate()
        wait_until(lambda: "trying again" in log.read_text(), what="the absence to be told")
        programs.start_manager()
        programs.ask("app", "restart")
        wait_until(lambda: "restart asked for by" in log.read_text(), what="the event after the restart")
        wait_until(lambda: '"kind": "update"' in log.read_text(), what="the action that it leads to")
    finally:
        following.terminate()
        following.wait(10)
    events = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert len({event["id"] for event in events}) == len(events), "each is told once"
    updated = next(event for event in events if event["kind"] == "update")
    assert updated["cause"] == "api 127.0.0.1: restart" and len(updated["plan_hash"]) == 64

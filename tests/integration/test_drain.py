"""`reconciler node drain`: instances leave one node for another, and none ends before its successor works."""

from pathlib import Path

from tests.support.cluster import Cluster, business, program
from tests.support.waiting import wait_until


def nodes_of(cluster: Cluster) -> list[str]:
    """Where each instance of the business is."""
    return [part["node_id"] for part in cluster.components("shop")]


def test_a_node_is_emptied_without_a_gap(programs: Cluster, tmp_path: Path) -> None:
    log, healthy = tmp_path / "log", {node_id: tmp_path / f"healthy-{node_id}" for node_id in ("east", "west")}
    script = f"trap 'echo stops >> {log}; exit 0' TERM; echo starts >> {log}; while :; do sleep 0.1; done"
    check = {"test": f"test -e {tmp_path}/healthy-$NODE", "interval": "100ms", "start_period": "1h"}
    for mark in healthy.values():
        mark.touch()
    web = program("web", None, script, healthcheck=check, environment={"NODE": "${node.id}"})
    programs.post(business("shop", [web]))
    programs.wait_status("shop", "running")
    (here,) = nodes_of(programs)
    there = {"east": "west", "west": "east"}[here]

    healthy[there].unlink()
    shown = programs.cli("node", "drain", here)
    assert shown.returncode == 0, shown.stderr
    wait_until(lambda: log.read_text() == "starts\nstarts\n", what="the successor")
    waiting = programs.cli("diff")
    assert f"waits until it runs on {there}" in waiting.stdout
    assert "draining" in programs.cli("node").stdout
    late = programs.cli("node", "drain", here, "--wait", "--timeout", "300ms")
    assert late.returncode == 1 and here in late.stderr
    assert log.read_text() == "starts\nstarts\n", "the old one serves until the new one does"

    healthy[there].touch()
    done = programs.cli("node", "drain", here, "--wait")
    assert done.returncode == 0, done.stderr
    assert log.read_text() == "starts\nstarts\nstops\n"
    programs.wait_in_sync()
    assert nodes_of(programs) == [there]

    assert programs.cli("node", "uncordon", here).returncode == 0
    programs.wait_in_sync()
    assert nodes_of(programs) == [there], "what fits stays where it is"


def test_after_the_deadline_the_node_is_empty_whatever_runs_elsewhere(programs: Cluster, tmp_path: Path) -> None:
    check = {"test": f"test -e {tmp_path}/healthy-$NODE", "interval": "100ms", "start_period": "1h"}
    (tmp_path / "healthy-east").touch()
    web = program("web", "east", "exec sleep 600", replicas=2, healthcheck=check, environment={"NODE": "${node.id}"})
    programs.post(business("shop", [web]))
    programs.wait_status("shop", "running")
    programs.put(business("shop", [web | {"affinity": {}}]))
    programs.wait_in_sync()

    asked = programs.cli("drain", "east")
    assert asked.returncode == 0, asked.stderr
    wait_until(lambda: "west" in nodes_of(programs), what="the first successor")
    assert "waits until web/0 runs elsewhere: 1 at a time" in programs.cli("diff").stdout
    done = programs.cli("drain", "east", "--deadline", "1s", "--wait")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: nodes_of(programs) == ["west", "west"], what="both to be on the other node")
    told = programs.cli("events", "--business", "shop").stdout
    assert "node east is draining and its deadline has passed" in told


def test_what_can_not_leave_is_named(programs: Cluster) -> None:
    programs.post(business("shop", [program("web", "east", "sleep 600")]))
    programs.wait_status("shop", "running")
    done = programs.cli("node", "drain", "east", "--wait", "--timeout", "1s")
    assert done.returncode == 1
    assert "shop/web/0" in done.stderr and "draining" in done.stderr
    assert programs.status("shop") in ("pending", "running")
    assert programs.components("shop")[0]["status"] == "running"

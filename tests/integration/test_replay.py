"""History of a real fleet: plans are made anew byte for byte, and every action leads back to what caused it."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.support.cluster import Cluster, business, docker_component, program
from tests.support.waiting import wait_until

SECRET = "hunter2-of-the-shop"


def shop(image: str = "reconciler-test/busybox:1", level: str = "1") -> dict[str, Any]:
    environment = {"LEVEL": level, "DB_PASSWORD": SECRET}
    return business("shop", [docker_component("web", image, environment_variables=environment)])


def asked(cluster: Cluster, *words: str, exits: int = 0) -> Any:
    """What a command prints with -o json."""
    done = cluster.cli(*words, "-o", "json")
    assert done.returncode == exits, done.stdout + done.stderr
    assert SECRET not in done.stdout
    return json.loads(done.stdout)


def failed(done: subprocess.CompletedProcess[str], *mentions: str) -> None:
    assert done.returncode == 2 and not done.stdout, done.stdout
    for mention in mentions:
        assert mention in done.stderr


def test_history_is_replayed_and_explained(cluster: Cluster, nodes: list[str], tmp_path: Path) -> None:
    failed(cluster.cli("replay"), "decided nothing yet")
    assert "no action about shop/web is on record" in cluster.cli("why", "shop/web").stderr
    cluster.post(shop())
    cluster.wait_status("shop", "running")
    first = cluster.containers("shop")["web/0"]
    cluster.put(shop(level="2"))
    cluster.wait_in_sync()
    second = cluster.containers("shop")["web/0"]
    assert first != second
    cluster.ask("shop", "stop")
    cluster.wait_status("shop", "stopped")

    # Each action's plan is kept and gives the same bytes.
    events = [one for one in asked(cluster, "events", "shop") if one["component_id"]]
    acted = [next(one for one in events if one["kind"] == kind) for kind in ("create", "update", "stop")]
    for event in acted:
        document = asked(cluster, "replay", event["plan_hash"][:12])
        assert document["hash"] == event["plan_hash"]
        assert event["kind"] in {action["kind"] for action in document["actions"]}
    shown = cluster.cli("replay")
    assert shown.returncode == 0 and "Equal, byte for byte, to what version" in shown.stdout
    kept = asked(cluster, "replay", "--all")
    assert kept["replayed"] == kept["equal"] >= 3 and not kept["differing"]

    # Containers that are gone, and what runs, lead back to the call.
    created = asked(cluster, "why", first[:12])
    assert created["event"]["id"] == acted[0]["id"] and created["cause"].startswith("api 127.0.0.1")
    updated = asked(cluster, "why", second[:12])
    assert updated["action"]["kind"] == "update" and updated["desired"]["revision"] == 2
    assert {"field": "environment_variables.LEVEL", "old": "1", "new": "2"} in updated["action"]["changes"]
    (situation,) = updated["explanation"]["situations"]
    assert situation["nodes"] == [nodes[0]] and situation["score"]["total"] >= 0
    assert [one["kind"] for one in updated["after"]][-1] == "stop"
    assert asked(cluster, "why", str(acted[1]["id"])) == updated
    stopped = cluster.cli("why", "shop/web/0").stdout
    assert "stop on" in stopped and "no node was looked for" in stopped and "api 127.0.0.1" in stopped
    told = cluster.cli("why", second[:12]).stdout
    for line in (
        "cause   api 127.0.0.1",
        "field   environment_variables.LEVEL: 1 → 2",
        "filter  1 of 1 node fits",
        "← here",
    ):
        assert line in told, told

    # The same version decides the same; a decision that says otherwise is listed.
    written = tmp_path / "kept"
    written.mkdir()
    for event in acted:
        assert cluster.cli("replay", event["plan_hash"], "--out", str(written / f"{event['id']}.json")).returncode == 0
    assert asked(cluster, "shadow")["differing"] == []
    assert asked(cluster, "shadow", str(written))["equal"] == 3
    file = written / f"{acted[0]['id']}.json"
    state = json.loads(file.read_text())
    assert SECRET not in file.read_text() and state["made"]["hash"] == acted[0]["plan_hash"]
    state["made"] |= {"version": "0.0.1", "hash": "0" * 64}
    state["made"]["actions"][0]["node_id"] = "elsewhere"
    file.write_text(json.dumps(state))
    (differing,) = asked(cluster, "shadow", str(written), exits=1)["differing"]
    assert differing["version"] == "0.0.1" and len(differing["differences"]) == 2
    told = cluster.cli("shadow", str(written), "--manager", "http://127.0.0.1:9").stdout
    assert "shop/web/0 on elsewhere" in told and "now:  nothing" in told and "3 plans made anew" in told

    # What is kept holds no secret, survives a restart, and mistakes are told.
    assert cluster.manager is not None
    cluster.manager.terminate()
    cluster.start_manager()
    assert asked(cluster, "replay", "--all")["equal"] >= 3
    failed(cluster.cli("replay", "0" * 64), "is kept: the oldest kept one is", "90 days")
    failed(cluster.cli("replay", "shop"), "'shop' is no plan's hash")
    failed(cluster.cli("replay", "--all", "abc"), "leave out PLAN")
    failed(cluster.cli("shadow", str(tmp_path / "none.json")), "can't be read")
    snapshot = tmp_path / "state.json"
    snapshot.write_text(cluster.cli("snapshot").stdout)
    failed(cluster.cli("shadow", str(snapshot)), "says nothing of what was decided", "reconciler replay PLAN --out")
    snapshot.write_text("{")
    failed(cluster.cli("shadow", str(snapshot)), "is no JSON", "reconciler replay PLAN --out")
    snapshot.write_text("{}")
    failed(cluster.cli("shadow", str(snapshot)), "is no state of a manager", "reconciler replay PLAN --out")
    wrong = cluster.cli("why", "nothing")
    assert wrong.returncode == 1 and "nothing that is on record is called 'nothing'" in wrong.stderr


def test_what_was_never_begun_says_what_it_waits_for(programs: Cluster) -> None:
    programs.post(business("shop", [program("web", None, "sleep 600")]) | {"depends_on_businesses": ["data"]})
    wait_until(lambda: programs.status("shop") == "deploying", what="the shop to wait")
    told = programs.cli("why", "shop/web")
    assert told.returncode == 0, told.stderr
    assert "not running yet, waits for business data, which there is not" in told.stdout
    assert "2 of 2 nodes fit" in told.stdout and "revision 1 of api" in told.stdout

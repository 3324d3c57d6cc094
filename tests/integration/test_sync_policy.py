"""How a business follows its source: by hand, when a window opens, paused, kept, and after others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from tests.support.cluster import Cluster, business, program
from tests.support.waiting import wait_until

RUN = "exec sleep 600"


def write(programs: Cluster, business_id: str, mark: str = "1", **more: Any) -> None:
    """Write the file of a business whose program has this mark."""
    component = program("a", None, RUN, environment_variables={"MARK": mark}, stop_grace_period="1s")
    (programs.desired / f"{business_id}.yaml").write_text(yaml.safe_dump(business(business_id, [component]) | more))


def revision(programs: Cluster, business_id: str) -> int:
    return int(programs.get(f"/api/businesses/{business_id}")["revision"])


def deferred(programs: Cluster) -> dict[str, str]:
    """Why businesses wait, as of the manager's last look at its files."""
    (source,) = programs.get("/api/sources")
    return {one["business_id"]: one["reason"] for one in source["deferred"]}


def wait_deferred(programs: Cluster, business_id: str, words: str) -> None:
    wait_until(lambda: words in deferred(programs).get(business_id, ""), what=f"{business_id} to wait: {words}")


def kinds(programs: Cluster, business_id: str) -> list[str]:
    """The kinds of the business's events."""
    return [event["kind"] for event in programs.get(f"/api/events?business={business_id}")]


def test_by_hand_a_business_starts_changes_and_goes_when_it_is_named(programs: Cluster) -> None:
    manual = {"mode": "manual"}
    write(programs, "other")
    write(programs, "shop", sync=manual)
    programs.wait_status("other", "running")
    wait_deferred(programs, "shop", "'reconciler sync shop' accepts it")
    assert "shop waits: sync mode is manual" in programs.cli("sync").stdout
    assert programs.status("shop") == ""
    named = programs.cli("sync", "shop", "--wait")
    assert named.returncode == 0 and "accepted shop" in named.stdout, named.stderr
    write(programs, "shop", "2", sync=manual)
    wait_deferred(programs, "shop", "sync mode is manual")
    shown = programs.cli("diff")
    assert shown.returncode == 1 and "a.environment_variables.MARK: 1 → 2" in shown.stdout, shown.stdout
    assert "shop waits: sync mode is manual" in programs.cli("status").stdout
    assert programs.cli("sync", "shop", "--wait").returncode == 0
    assert revision(programs, "shop") == 2
    (programs.desired / "shop.yaml").unlink()
    wait_deferred(programs, "shop", "'reconciler sync shop' removes it")
    assert programs.status("shop") == "running"
    assert programs.cli("sync", "shop", "--prune", "--wait").returncode == 0
    assert programs.status("shop") == ""
    unknown = programs.cli("sync", "shopp")
    assert unknown.returncode == 1 and "shopp" in unknown.stderr and "Traceback" not in unknown.stderr


@pytest.mark.slow
def test_what_waits_for_a_window_is_accepted_when_it_opens(programs: Cluster) -> None:
    write(programs, "shop")
    programs.wait_status("shop", "running")
    # Closed until the minute after the next one begins; whatever the clock says, that is at least a minute away.
    ends = (datetime.now(UTC) + timedelta(minutes=2)).replace(second=0, microsecond=0)
    began = ends - timedelta(minutes=30)
    closed = {"kind": "deny", "schedule": f"{began.minute} {began.hour} * * *", "duration": "30m"}
    write(programs, "shop", "2", sync={"windows": [closed]})
    wait_deferred(programs, "shop", f"its sync windows are closed until {ends:%Y-%m-%d %H:%M} UTC")
    refused = programs.cli("sync", "shop")
    assert refused.returncode == 1 and "shop waits: its sync windows are closed" in refused.stdout
    assert revision(programs, "shop") == 2, "the policy alone"
    wait_until(lambda: revision(programs, "shop") == 3, what="the window to open")
    programs.wait_in_sync()
    assert datetime.now(UTC) >= ends
    assert deferred(programs) == {}


def test_a_paused_business_stays_as_it_is_until_it_is_resumed(programs: Cluster) -> None:
    write(programs, "shop")
    programs.wait_status("shop", "running")
    before = programs.containers("shop")
    paused = programs.cli("pause", "shop")
    assert paused.returncode == 0 and paused.stdout == "shop is paused\n"
    write(programs, "shop", "2")
    wait_deferred(programs, "shop", "paused: 'reconciler resume shop' goes on")
    programs.ask("shop", "restart")
    (held,) = programs.plan()["actions"]
    assert held["blocked_by"] == "paused: 'reconciler resume shop' goes on"
    found = programs.get("/api/businesses/shop")
    assert found["paused"] and found["message"].startswith("paused")
    programs.cli("sync", "shop")
    assert programs.containers("shop") == before and revision(programs, "shop") == 1
    assert "paused" in kinds(programs, "shop")
    resumed = programs.cli("resume", "shop", "--wait")
    assert resumed.returncode == 0, resumed.stderr
    programs.wait_in_sync()
    assert revision(programs, "shop") == 2 and programs.containers("shop") != before
    assert "resumed" in kinds(programs, "shop")
    programs.cli("pause", "shop")
    programs.ask("shop", "stop")
    programs.wait_status("shop", "stopped")


def test_without_pruning_a_business_outlives_its_file(programs: Cluster) -> None:
    for name in ("one", "two", "three"):
        write(programs, name, sync={"prune": name != "two"})
        programs.wait_status(name, "running")
    for name in ("one", "two"):
        (programs.desired / f"{name}.yaml").unlink()
    programs.wait_gone("one")
    wait_deferred(programs, "two", "prune is off")
    assert programs.status("two") == "running"
    assert programs.cli("sync", "--prune").returncode == 0
    assert programs.status("two") == "running", "nobody named it"
    assert programs.cli("sync", "--prune", "two", "--wait").returncode == 0
    assert programs.status("two") == ""


def test_a_business_starts_after_those_it_depends_on_and_stops_before_them(programs: Cluster) -> None:
    write(programs, "shop", depends_on_businesses=["data"])
    wait_until(
        lambda: (
            "waits for business data, which there is not" in str(programs.request("GET", "/api/businesses/shop").json())
        ),
        what="the shop to say what it waits for",
    )
    write(programs, "data")
    programs.wait_in_sync()
    (shop,), (data,) = programs.components("shop"), programs.components("data")
    assert shop["status"] == data["status"] == "running"
    events = [event for event in programs.get("/api/events") if event["kind"] == "create"]
    assert [event["business_id"] for event in events] == ["data", "shop"]
    write(programs, "data", depends_on_businesses=["shop"])
    told = programs.cli("sync")
    assert told.returncode == 1 and "goes round in a circle: data → shop → data" in told.stderr, told.stderr
    assert revision(programs, "data") == 1
    for name in ("shop", "data"):
        (programs.desired / f"{name}.yaml").unlink()
    assert programs.cli("sync", "--prune", "--wait").returncode == 0
    stops = [event["business_id"] for event in programs.get("/api/events") if event["kind"] == "stop"]
    assert stops == ["shop", "data"]

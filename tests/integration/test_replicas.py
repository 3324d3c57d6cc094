"""How many instances there are, on nodes that come later too."""

from pathlib import Path

from tests.support.cluster import Cluster, business, program
from tests.support.waiting import wait_until

SERVES = "trap 'exit 0' TERM; while :; do sleep 0.1; done"


def test_a_node_that_joins_later_gets_its_own_of_what_runs_everywhere(programs: Cluster) -> None:
    programs.post(business("watch", [program("probe", None, SERVES, mode="global")]))
    programs.wait_in_sync()
    before = {part["node_id"]: part["container_id"] for part in programs.components("watch")}
    assert set(before) == {"east", "west"}
    programs.start_agent("north", runtime="process")
    programs.wait_node("north")
    programs.wait_in_sync()
    after = {part["node_id"]: part["container_id"] for part in programs.components("watch")}
    assert set(after) == {"east", "west", "north"}
    assert before.items() <= after.items(), "the others run on"


def test_scaling_down_is_shown_before_it_is_done_and_takes_what_does_not_work(
    programs: Cluster, tmp_path: Path
) -> None:
    two_are_ill = f"mkdir {tmp_path}/a 2>/dev/null || mkdir {tmp_path}/b 2>/dev/null || touch well; {SERVES}"
    check = {"test": "test -e well", "interval": "100ms", "retries": 1}
    web = program("web", None, two_are_ill, healthcheck=check, restart="no", replicas=4)
    programs.post(business("shop", [web]))
    wait_until(
        lambda: sorted(part["status"] for part in programs.components("shop")) == ["failed"] * 2 + ["running"] * 2,
        what="the verdicts",
    )
    works = {part["instance"] for part in programs.components("shop") if part["status"] == "running"}
    smaller = {"businesses": [business("shop", [web | {"replicas": 2}])]}
    plan = programs.request("POST", "/api/plan", json=smaller).json()
    assert {action["instance"] for action in plan["actions"] if action["kind"] == "stop"} == {0, 1, 2, 3} - works
    assert programs.cli("scale", "shop/web=2").returncode == 0
    programs.wait_in_sync()
    assert {part["instance"] for part in programs.components("shop")} == works

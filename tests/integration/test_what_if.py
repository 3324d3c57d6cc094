"""`diff` with suppositions, and `survive`, on a running fleet."""

import json

import pytest

from tests.support.cluster import Cluster, business, program


@pytest.fixture
def shop(programs: Cluster) -> Cluster:
    """One program that may run anywhere, and one that only runs on east."""
    parts = [program("web", None, "sleep 600"), program("tied", "east", "sleep 600")]
    programs.post(business("shop", parts))
    programs.wait_status("shop", "running")
    return programs


def test_a_plan_for_other_nodes_and_numbers(shop: Cluster) -> None:
    lost = shop.cli("diff", "--without", "east")
    assert lost.returncode == 1
    assert "shop/tied/0 has to wait" in lost.stdout and "node_id: is not east" in lost.stdout
    more = shop.cli("diff", "--scale", "shop/web=3", "--add-node", "cpu=4,memory=1G,label:zone=b,count=2")
    assert "2 to create" in more.stdout and "on new-" in more.stdout
    assert shop.cli("diff").returncode == 0, "nothing of it is true"


def test_what_a_loss_would_leave_without_a_place(shop: Cluster) -> None:
    shown = shop.cli("survive")
    assert shown.returncode == 1
    assert "shop/tied/0" in shown.stdout and "everything has a place elsewhere" in shown.stdout
    found = {group["lost"]: set(group["homeless"]) for group in json.loads(shop.cli("survive", "-o", "json").stdout)}
    assert found == {"east": {"shop/tied/0"}, "west": set()}
    unknown = shop.cli("survive", "--by", "rakc")
    assert unknown.returncode == 2 and "has the label 'rakc'" in unknown.stderr, "a typing mistake is no good news"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--without", "north"], "there is no node 'north': there are east, west"),
        (["--scale", "shop/wep=2"], "there is no component 'shop/wep': there are none"),
        (["--scale", "shop"], "write BUSINESS/COMPONENT=N"),
        (["--add-node", "memory=1G"], "needs cpu and memory"),
        (["--add-node", "cpu=x,memory=1G"], "write it as cpu=16"),
        (["--add-node", "cpu=1,memory=1G,count=5000"], "count 5000 is out of range: 0 to 1000"),
    ],
)
def test_a_mistake_is_explained_and_is_no_difference(programs: Cluster, options: list[str], why: str) -> None:
    shown = programs.cli("diff", *options)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert why in shown.stderr and "body" not in shown.stderr

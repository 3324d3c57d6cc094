"""`reconciler explain` on a running fleet."""

import json

from tests.support.cluster import Cluster, business, program


def test_where_it_is_and_why_not_elsewhere(programs: Cluster) -> None:
    programs.post(business("shop", [program("web", "east", "sleep 600")]))
    programs.wait_status("shop", "running")
    shown = programs.cli("explain", "shop/web")
    assert shown.returncode == 0, shown.stderr
    assert "shop/web/0 is placed on east" in shown.stdout
    assert "node_id: is not east" in shown.stdout
    found = json.loads(programs.cli("explain", "shop/web/0", "-o", "json").stdout)
    assert [(one["nodes"], one["fits"]) for one in found["situations"]] == [(["east"], True), (["west"], False)]
    assert set(found["situations"][0]["score"]) == {"total", "reserved", "measured", "instances", "gpu", "image"}


def test_what_would_make_it_fit(programs: Cluster) -> None:
    big = program("web", None, "sleep 600", resource_requirements={"memory_mb": "9000g"})
    programs.post(business("shop", [big]))
    shown = programs.cli("explain", "shop/web")
    assert "has no place" in shown.stdout
    assert "To make it fit on east: lower memory_mb from 9216000 to " in shown.stdout


def test_what_is_not_there_is_named(programs: Cluster) -> None:
    programs.post(business("shop", [program("web", "east", "sleep 600")]))
    for target, code, why in (
        ("shop/wep", 1, "has no component 'wep': it has web"),
        ("shp/web", 1, "did you mean 'shop'"),
        ("shop", 2, "write BUSINESS/COMPONENT[/N]"),
        ("shop/web/x", 2, "write BUSINESS/COMPONENT[/N]"),
    ):
        shown = programs.cli("explain", target)
        assert (shown.returncode, shown.stdout) == (code, ""), target
        assert why in shown.stderr

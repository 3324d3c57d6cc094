"""`approve`: what waits, with its reason, and what passes by the hash that was shown."""

import json

from tests.cli.conftest import Fleet


def test_what_waits_is_listed_and_passes_by_its_hash(fleet: Fleet) -> None:
    fleet.runs("shop", replicas=4)
    fleet.manager.delete("shop")
    listed = fleet.cli("approve")
    assert listed.returncode == 1
    assert "shop/web/0" in listed.stdout and "4 stops are more than the 3 that one plan may do" in listed.stdout
    assert "waits for `reconciler approve`" not in listed.stdout, "whoever reads it knows"
    shown = json.loads(fleet.cli("approve", "-o", "json").stdout)
    assert f"To let all of it pass: reconciler approve {shown['hash'][:12]}" in listed.stdout
    assert {item["reason_code"] for item in shown["pending"]} == {"business_removed"}
    stale = fleet.cli("approve", "0" * 12)
    assert stale.returncode == 1 and shown["hash"] in stale.stderr
    done = json.loads(fleet.cli("approve", shown["hash"][:12], "-o", "json").stdout)
    assert done["message"] == "4 stops approved" and len(done["approved"]) == 4
    assert fleet.cli("approve").returncode == 0

"""`get`: the list, one business with its spec, a saved plan, and what is none of these."""

import yaml

from tests.cli.conftest import Fleet


def test_nothing_is_said_to_be_nothing(fleet: Fleet) -> None:
    assert fleet.cli("get").stdout == "Nothing is deployed.\n"


def test_businesses_are_listed_with_what_runs(fleet: Fleet) -> None:
    fleet.runs("shop", replicas=2)
    fleet.east.empty()
    fleet.cli("pause", "shop")
    head, row = fleet.cli("get").stdout.strip().splitlines()
    assert head.split() == ["BUSINESS", "STATUS", "RUNNING", "REVISION", "SOURCE", "UPDATED"]
    assert "(paused)" in row and "1/2" in row and " api " in row


def test_one_is_shown_with_its_spec(fleet: Fleet) -> None:
    fleet.runs("shop", environment_variables={"DB_PASSWORD": "hunter2-of-the-shop"})
    shown = fleet.cli("get", "shop").stdout
    spec = yaml.safe_load(shown)["spec"]
    assert spec["components"][0]["environment_variables"] == {"DB_PASSWORD": "(hidden)"}


def test_what_there_is_not(fleet: Fleet) -> None:
    fleet.runs("shop")
    near = fleet.cli("get", "shpo")
    assert near.returncode == 1 and "did you mean 'shop'?" in near.stderr
    two = fleet.cli("get", "shop", "blog")
    assert two.returncode == 2 and "'plan HASH'" in two.stderr
    plan = fleet.cli("get", "plan", "0" * 12)
    assert plan.returncode == 1 and "no saved plan '000000000000'" in plan.stderr

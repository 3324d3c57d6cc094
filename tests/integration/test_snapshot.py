"""A plan computed without the manager, of what `snapshot` wrote, is the plan that the manager makes."""

import json
from pathlib import Path

import pytest
import yaml

from reconciler.plan.show.document import read_preview
from reconciler.plan.show.hash import canonical
from tests.support.cluster import Cluster, business, program

SECRET = "hunter2-of-the-shop"


def shop(command: str = "sleep 600", secret: str = SECRET) -> dict[str, object]:
    """A program that has a secret and refers to another one."""
    environment = {"DB_PASSWORD": secret, "DB_DSN": f"pg://u:{secret}@${{db.host}}/x"}
    return business(
        "shop", [program("web", None, command, environment_variables=environment), program("db", "east", "sleep 600")]
    )


@pytest.fixture
def running(programs: Cluster) -> Cluster:
    """The shop, running."""
    programs.post(shop())
    programs.wait_status("shop", "running")
    return programs


def test_the_plan_is_the_managers_with_any_option_and_nothing_is_in_sync(running: Cluster, tmp_path: Path) -> None:
    state, file = tmp_path / "state.json", tmp_path / "shop.yaml"
    shown = running.cli("snapshot")
    state.write_text(shown.stdout)
    assert shown.returncode == 0 and SECRET not in shown.stdout
    changed = shop("sleep 700", "another-secret")
    changed["components"] = [
        *changed["components"],
        program("big", None, "x", resource_requirements={"cpu_cores": 999}),
    ]
    file.write_text(yaml.safe_dump(changed))
    cases = [
        [],
        [str(file)],
        [str(file), "--without", "east"],
        [str(file), "--scale", "shop/web=3", "--add-node", "cpu=4,memory=1G,count=2"],
        ["--drain", "west", "--cordon", "east"],
    ]
    for options in cases:
        online = running.cli("diff", *options, "-o", "json")
        offline = running.cli("diff", *options, "-o", "json", "--state", str(state), "--manager", "http://127.0.0.1:9")
        assert online.returncode == offline.returncode, offline.stderr
        assert offline.returncode in (0, 1)
        there, here = (read_preview(json.loads(done.stdout), "it") for done in (online, offline))
        assert canonical(there) == canonical(here) and there.hash == here.hash
        assert SECRET not in offline.stdout and "another-secret" not in offline.stdout
    comment = running.cli("diff", str(file), "--state", str(state), "-o", "markdown").stdout
    assert "Plan hash: `" in comment and "DB&#95;PASSWORD" not in comment.split("Has no place")[1]


def test_other_questions_of_a_snapshot_and_mistakes(running: Cluster, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text(running.cli("snapshot").stdout)
    online, offline = (running.cli("survive", "-o", "json", *more) for more in ([], ["--state", str(state)]))
    assert (online.returncode, json.loads(online.stdout)) == (offline.returncode, json.loads(offline.stdout))
    online, offline = (running.cli("explain", "shop/web", *more) for more in ([], ["--state", str(state)]))
    assert online.stdout.splitlines()[:2] == offline.stdout.splitlines()[:2]
    wrong = running.cli("diff", "--state", str(state), "--without", "north")
    assert wrong.returncode == 2 and "there is no node 'north'" in wrong.stderr
    state.write_text("{}")
    wrong = running.cli("diff", "--state", str(state))
    assert wrong.returncode == 2 and "is no state of a manager" in wrong.stderr

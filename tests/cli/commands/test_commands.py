"""The commands as a user meets them: what they print, what they exit with, and what they say to mistakes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.cluster import Cluster, business
from tests.support.commands import command
from tests.support.processes import free_port

SECRET = "hunter2-of-the-shop"


def spec(*names: str, **more: object) -> str:
    """A business of programs."""
    parts = [
        {"component_id": name, "type": "process", "command": ["sleep", "600"], "stop_grace_period": "1s", **more}
        for name in names
    ]
    return str(yaml.safe_dump(business("shop", parts)))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A manager and one agent that runs programs."""
    made = Cluster(tmp_path_factory.mktemp("cli"))
    made.start_manager()
    made.start_agent("p", "--label", "zone=here", runtime="process")
    made.wait_node("p")
    yield made
    made.close()


def test_the_main_job_by_hand(cluster: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(spec("web", "db", environment_variables={"DB_PASSWORD": SECRET}))
    path = str(file)

    shown = cluster.cli("diff", path)
    assert shown.returncode == 1
    assert "shop" in shown.stdout and "web" in shown.stdout and "2 to create" in shown.stdout
    assert SECRET not in shown.stdout
    applied = cluster.cli("apply", path, "--wait")
    assert applied.returncode == 0, applied.stderr
    assert "shop created" in applied.stdout and "shop/web/0 running on p" in applied.stdout
    assert cluster.cli("diff", path).returncode == 0
    assert cluster.cli("diff").returncode == 0
    again = cluster.cli("apply", path)
    assert "unchanged" in again.stdout

    file.write_text(spec("web", "db", environment_variables={"DB_PASSWORD": "another"}))
    changed = cluster.cli("diff", path)
    assert changed.returncode == 1
    assert "DB_PASSWORD" in changed.stdout and "changed" in changed.stdout and "2 to update" in changed.stdout
    assert SECRET not in changed.stdout and "another" not in changed.stdout

    listed = cluster.cli("get")
    assert "shop" in listed.stdout and "2/2" in listed.stdout
    for words in (["get", "shop"], ["get", "shop", "-o", "json"], ["-o", "yaml", "get"], ["events"], ["status"]):
        told = cluster.cli(*words)
        assert told.returncode == 0 and SECRET not in told.stdout + told.stderr, words
    assert json.loads(cluster.cli("get", "-o", "json").stdout)[0]["business_id"] == "shop"
    assert yaml.safe_load(cluster.cli("status", "shop", "-o", "yaml").stdout)["status"] == "running"
    assert "zone=here" in cluster.cli("node").stdout

    stopped = cluster.cli("stop", "shop", "--wait")
    assert stopped.returncode == 0, stopped.stderr
    assert "stopped" in cluster.cli("status", "shop").stdout
    assert cluster.cli("restart", "shop", "--wait").returncode == 0
    assert cluster.cli("delete", "shop", "--yes", "--wait").returncode == 0
    assert cluster.cli("get").stdout == "Nothing is deployed.\n"
    assert "Nothing is deployed." in cluster.cli("status").stdout


def test_apply_waits_no_longer_than_it_was_told_and_says_what_is_missing(cluster: Cluster) -> None:
    text = spec("far", affinity={"node_labels": {"zone": "moon"}})
    done = cluster.cli("apply", "--wait", "--timeout", "500ms", "-", stdin=text)
    assert done.returncode == 1
    assert "0.5 s" in done.stderr and "shop/far/0" in done.stdout and "zone=moon" in done.stderr
    assert cluster.cli("delete", "shop", "-y", "--wait").returncode == 0


def test_components_are_scaled_and_nothing_else_changes(cluster: Cluster) -> None:
    text = spec("web", "db", environment_variables={"DB_PASSWORD": SECRET})
    assert cluster.cli("apply", "--wait", "-", stdin=text).returncode == 0
    before = cluster.containers("shop")
    scaled = cluster.cli("scale", "shop/web=3", "--wait")
    assert scaled.returncode == 0, scaled.stderr
    assert "accepted as revision" in scaled.stdout
    now = cluster.containers("shop")
    assert set(now) == {"web/0", "web/1", "web/2", "db/0"}
    assert before.items() <= now.items(), "what ran runs on, secrets and all"
    assert "unchanged" in cluster.cli("scale", "shop/web=3").stdout
    assert cluster.cli("scale", "shop/web=1", "shop/db=0").returncode == 0
    cluster.wait_in_sync()
    assert cluster.containers("shop") == {"web/0": before["web/0"]}
    for words, mention in ((["shop/wep=2"], "wep"), (["shop=2"], "shop/web=3"), (["nope/web=2"], "nope")):
        refused = cluster.cli("scale", *words)
        assert refused.returncode == 1 and mention in refused.stderr
    assert cluster.cli("scale", "shop/web=99999").returncode == 1
    assert cluster.cli("delete", "shop", "-y", "--wait").returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "mentions"),
    [
        (["aply"], 2, ["aply", "apply"]),
        (["get", "none"], 1, ["none"]),
        (["status", "none"], 1, ["none"]),
        (["stop", "none"], 1, ["none"]),
        (["delete", "none", "-y"], 1, ["none"]),
        (["node", "show", "none"], 1, ["there is no node 'none'; there is "]),
        (["node", "drain", "none"], 1, ["there is no node 'none'; there is "]),
        (["exec", "none/web", "--", "ls"], 2, ["there is no business 'none': there are none"]),
        (["apply", "/no/such.yaml"], 1, ["/no/such.yaml"]),
        (["diff", "/no/such.yaml"], 2, ["/no/such.yaml"]),
        (["apply"], 2, ["PATH"]),
        (["get", "-o", "xml"], 2, ["xml", "json", "yaml"]),
        (["apply", "--timeout", "soon", "x"], 2, ["soon", "30s"]),
        (["validate", "/no/such.yaml"], 1, ["/no/such.yaml"]),
        (["events", "--limit", "0"], 2, ["limit"]),
        (["sync", "--now"], 2, ["--now"]),
    ],
)
def test_mistakes_are_answered(cluster: Cluster, words: list[str], code: int, mentions: list[str]) -> None:
    done = cluster.cli(*words)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr and done.stderr
    for word in mentions:
        assert word in done.stderr


def test_a_bad_file_is_told_with_its_lines_and_nothing_is_sent(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(spec("web"))
    (tmp_path / "bad.yaml").write_text("business_id: bad\ncomponents:\n- component_id: a\n  imagename: x\n")
    for words, code in ((["apply"], 1), (["validate"], 1), (["diff"], 2)):
        done = cluster.cli(*words, str(tmp_path))
        assert done.returncode == code
        assert "bad.yaml:4" in done.stderr and "image_name" in done.stderr
    assert cluster.get("/api/businesses") == []


def test_without_a_manager_it_says_how_to_get_one() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    for words, code in ((["get"], 1), (["diff"], 2), (["sync"], 1)):
        done = command("--manager", url, *words)
        assert done.returncode == code
        assert url in done.stderr and "reconciler serve" in done.stderr and "--manager" in done.stderr


def test_settings_come_from_flags_then_the_environment_then_the_file(cluster: Cluster, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"manager: {cluster.url}\noutput: json\n")
    assert command("get", RECONCILER_CONFIG=str(config)).stdout.strip() == "[]"
    away = f"http://127.0.0.1:{free_port()}"
    assert away in command("get", RECONCILER_CONFIG=str(config), RECONCILER_MANAGER=away).stderr
    flags = command("get", "--manager", cluster.url, RECONCILER_CONFIG=str(config), RECONCILER_MANAGER=away)
    assert flags.returncode == 0
    config.write_text("manger: x\n")
    bad = command("get", RECONCILER_CONFIG=str(config))
    assert bad.returncode == 2 and str(config) in bad.stderr and "manager" in bad.stderr


def test_the_schema_is_printed_and_shells_are_helped() -> None:
    schema = json.loads(command("schema").stdout)
    assert "2020-12" in schema["$schema"]
    for shell in ("bash", "zsh", "fish"):
        assert "reconciler" in command("completion", shell).stdout
    assert command("--version").stdout.startswith("reconciler")


@pytest.mark.parametrize(
    ("words", "mentions"),
    [
        (["serve", "--listen", "nowhere"], ["nowhere", "HOST:PORT"]),
        (["serve", "--db", "/no/such/dir/m.db", "--listen", "127.0.0.1:0"], ["/no/such/dir"]),
        (["serve", "--suspect-after", "2m"], ["--lost-after"]),
        (["serve", "--hook-secret-file", "/no/secret"], ["the secret file /no/secret can't be read"]),
        (["agent", "--label", "zone"], ["zone", "NAME=VALUE"]),
        (["agent", "--manager", "nowhere"], ["nowhere", "http://"]),
        (["agent", "--node-id", "../x"], ["../x"]),
        (["up", "--desired", "/no/such/dir"], ["/no/such/dir", "--desired"]),
    ],
)
def test_services_that_can_not_start_say_why(words: list[str], mentions: list[str]) -> None:
    done = command(*words)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    for word in mentions:
        assert word in done.stderr


def test_a_port_that_is_taken_is_named(cluster: Cluster, tmp_path: Path) -> None:
    done = command("serve", "--listen", f"127.0.0.1:{cluster.port}", "--db", str(tmp_path / "m.db"))
    assert done.returncode == 1 and str(cluster.port) in done.stderr and "Traceback" not in done.stderr

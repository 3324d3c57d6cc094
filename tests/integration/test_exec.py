"""`reconciler exec`: commands inside containers and beside host programs, streamed, ended in time, and on record."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.cluster import Cluster, business, docker_component, program
from tests.support.processes import Child, environment
from tests.support.waiting import wait_until

pytestmark = pytest.mark.docker

IDLE = "while :; do sleep 0.1; done"
PATH = "/api/businesses/shop/components/web/0/exec"


@pytest.fixture
def shop(cluster: Cluster) -> Cluster:
    """A cluster whose `shop/web` runs in a container."""
    cluster.post(business("shop", [docker_component("web", environment={"COLOUR": "green"})]))
    cluster.wait_status("shop", "running")
    return cluster


@pytest.fixture
def hosted(programs: Cluster) -> Cluster:
    """A cluster whose `shop/web` is a host program."""
    files = [{"path": "app.conf", "content": "port = 80\n"}]
    web = program("web", "west", IDLE, environment={"COLOUR": "green"}, config_files=files)
    programs.post(business("shop", [web]))
    programs.wait_status("shop", "running")
    return programs


def run(cluster: Cluster, *words: str) -> subprocess.CompletedProcess[str]:
    return cluster.cli("exec", *words)


def events(cluster: Cluster) -> list[dict[str, Any]]:
    return [event for event in cluster.get("/api/events?business=shop") if event["kind"] == "exec"]


def alive(mark: str) -> list[int]:
    """The processes that sleep for this long."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cmdline() == ["sleep", mark]:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def test_a_command_runs_inside_the_container(shop: Cluster, nodes: list[str]) -> None:
    done = run(shop, "shop/web", "--", "sh", "-c", "echo $COLOUR; echo no >&2; exit 7")
    assert (done.stdout, done.stderr, done.returncode) == ("green\n", "no\n", 7)
    assert run(shop, "shop/web/0", "--", "echo", "-n", "größer").stdout == "größer"
    assert run(shop, "shop/web", "true").returncode == 0
    assert run(shop, "shop/web", "--", "cat").stdout == "", "there is no input"

    event = events(shop)[0]
    assert event["message"] == "api 127.0.0.1 runs: sh -c 'echo $COLOUR; echo no >&2; exit 7'"
    assert (event["component_id"], event["instance"], event["node_id"]) == ("web", 0, nodes[0])
    assert len(events(shop)) == 4


def test_a_command_runs_as_the_program_does(hosted: Cluster) -> None:
    done = run(hosted, "shop/web", "--", "sh", "-c", "echo $COLOUR; cat app.conf; echo no >&2; exit 7")
    assert (done.stdout, done.stderr, done.returncode) == ("green\nport = 80\n", "no\n", 7)
    assert run(hosted, "shop/web", "--", "sh", "-c", "kill -9 $$").returncode == 137
    left = run(hosted, "shop/web", "--", "sh", "-c", "sleep 2718 & echo done")
    assert (left.stdout, left.returncode) == ("done\n", 0)
    assert alive("2718") == [], "what it left behind is ended"
    assert events(hosted)[0]["node_id"] == "west"
    assert hosted.status("shop") == "running"


@pytest.mark.parametrize("kind", ["shop", "hosted"])
def test_what_can_not_be_run_is_said(kind: str, request: pytest.FixtureRequest) -> None:
    cluster: Cluster = request.getfixturevalue(kind)
    for words, mention in (
        (["shop/web", "nonesuch"], "there is no program 'nonesuch'"),
        (["shop/web", "/"], "'/'"),
        (["shop/web/3", "true"], "has no instance web/3; it has web/0"),
        (["shop/wep", "true"], "has no component 'wep'; it has web"),
        (["shep/web/0", "true"], "did you mean 'shop'?"),
        (["shop", "true"], "BUSINESS/COMPONENT[/N]"),
        (["shop/web/x", "true"], "BUSINESS/COMPONENT[/N]"),
        (["--timeout", "2h", "shop/web", "true"], "at most 1h"),
    ):
        done = run(cluster, *words)
        assert done.returncode == 2, done
        assert done.stderr.startswith("error: ") and mention in done.stderr
        assert done.stderr.count("\n") == 1 and done.stdout == ""
    cluster.ask("shop", "stop")
    cluster.wait_status("shop", "stopped")
    done = run(cluster, "shop/web", "true")
    assert done.returncode == 2 and "no instance of shop/web runs: web/0 is stopped" in done.stderr
    done = run(cluster, "shop/web/0", "true")
    assert done.returncode == 2 and "shop/web/0 does not run now, it is stopped" in done.stderr
    assert cluster.request("POST", PATH, json={"command": ["true"]}).status_code == 409
    cluster.ask("shop", "restart")
    cluster.wait_status("shop", "running")


@pytest.mark.parametrize("kind", ["shop", "hosted"])
def test_a_command_that_takes_too_long_is_ended(kind: str, request: pytest.FixtureRequest) -> None:
    cluster: Cluster = request.getfixturevalue(kind)
    mark = str(31_000_000 + os.getpid() + len(kind))
    done = run(cluster, "shop/web", "--timeout", "1s", "--", "sh", "-c", f"sleep {mark}; echo late")
    assert (done.stdout, done.returncode) == ("", 2)
    assert done.stderr == "error: the command did not end in 1 s and was ended\n"
    assert alive(mark) == []
    assert cluster.status("shop") == "running"


@pytest.mark.parametrize("kind", ["shop", "hosted"])
def test_a_command_ends_with_who_asked_for_it(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    cluster: Cluster = request.getfixturevalue(kind)
    mark = str(32_000_000 + os.getpid() + len(kind))
    words = ["--manager", cluster.url, "exec", "shop/web", "--", "sh", "-c", f"echo begun; sleep {mark}"]
    asking = Child(words, tmp_path / "asking.log")
    wait_until(lambda: alive(mark) and "begun" in asking.text(), what="the command to run")
    asking.kill()
    wait_until(lambda: alive(mark) == [], what="the command to be ended")


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["shop", "hosted"])
def test_much_output_comes_whole_and_fills_no_memory(kind: str, request: pytest.FixtureRequest) -> None:
    cluster: Cluster = request.getfixturevalue(kind)
    size = 20_000_000
    flood = "busybox yes 'wörter' | busybox head -c 20000000; echo end >&2"
    watched = [cluster.child(name) for name in ("manager", *cluster.agents)]
    before = [psutil.Process(child.process.pid).memory_info().rss for child in watched]
    done = run(cluster, "shop/web", "--", "sh", "-c", flood)
    assert done.returncode == 0 and done.stderr == "end\n"
    assert done.stdout.encode() == ("wörter\n".encode() * (size // 8 + 1))[:size]
    after = [psutil.Process(child.process.pid).memory_info().rss for child in watched]
    assert max(new - old for new, old in zip(after, before, strict=True)) < 16_000_000


def test_the_lowest_that_runs_is_chosen_and_named(cluster: Cluster) -> None:
    cluster.post(business("shop", [docker_component("web", replicas=2)]))
    cluster.wait_status("shop", "running")
    done = run(cluster, "shop/web", "true")
    assert (done.returncode, done.stderr) == (0, "2 instances run; this is shop/web/0\n")
    assert run(cluster, "shop/web/1", "true").stderr == ""


def test_secrets_are_in_no_event(shop: Cluster) -> None:
    run(shop, "shop/web", "--", "echo", "--password=hunter2", "--api-key", "hunter2", "pg://u:hunter2@db/x")
    run(shop, "shop/web", "--", "sh", "-c", "PGPASSWORD=hunter2; echo $COLOUR")
    told = [event["message"] for event in events(shop)]
    assert len(told) == 2 and "hunter2" not in str(told)
    assert "echo $COLOUR" in told[1]
    assert "hunter2" not in shop.logs(10_000)


def test_a_command_is_on_record_though_it_never_ran(shop: Cluster, nodes: list[str]) -> None:
    shop.agents[nodes[0]].terminate()
    done = run(shop, "shop/web/0", "--", "true")
    assert done.returncode == 2 and "can't be reached" in done.stderr
    assert [event["message"] for event in events(shop)] == ["api 127.0.0.1 runs: true"]


@pytest.mark.processes
def test_an_agent_that_goes_leaves_a_clear_word(shop: Cluster, nodes: list[str], tmp_path: Path) -> None:
    mark = str(33_000_000 + os.getpid())
    asking = Child(["--manager", shop.url, "exec", "shop/web", "--", "sleep", mark], tmp_path / "asking.log")
    wait_until(lambda: alive(mark), what="the command to run")
    shop.child(nodes[0]).kill()
    wait_until(lambda: not asking.alive, what="the command line to end")
    assert asking.process.returncode == 2
    assert "what became of the command is not known" in asking.text()


def test_a_container_that_ends_ends_its_commands(shop: Cluster, tmp_path: Path) -> None:
    mark = str(34_000_000 + os.getpid())
    asking = Child(["--manager", shop.url, "exec", "shop/web", "--", "sleep", mark], tmp_path / "asking.log")
    wait_until(lambda: alive(mark), what="the command to run")
    shop.ask("shop", "stop")
    wait_until(lambda: not asking.alive, what="the command line to end")
    assert asking.process.returncode in (2, 137)


def test_a_bounded_number_runs_at_once(shop: Cluster, tmp_path: Path) -> None:
    mark = str(35_000_000 + os.getpid())
    words = ["--manager", shop.url, "exec", "shop/web", "--", "sleep", mark]
    asking = [Child(words, tmp_path / f"{number}.log") for number in range(4)]
    wait_until(lambda: len(alive(mark)) == 4, what="four to run")
    refused = run(shop, "shop/web", "true")
    assert refused.returncode == 2 and "4 commands run through this manager already" in refused.stderr
    assert shop.status("shop") == "running"
    for child in asking:
        child.kill()
    wait_until(lambda: run(shop, "shop/web", "true").returncode == 0, what="a free place")


def test_a_reader_that_has_enough_ends_the_command(shop: Cluster) -> None:
    words = [sys.executable, "-m", "reconciler.cli.main", "--manager", shop.url, "exec", "shop/web", "busybox", "yes"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment()) as reading:
        assert reading.stdout is not None
        assert reading.stdout.readline() == b"y\n"
        reading.stdout.close()
        assert reading.wait(30) == 141


@pytest.mark.parametrize(
    ("body", "code", "mention"),
    [
        (b"{", 400, "can't be read"),
        (b"[]", 422, "object"),
        (b"{}", 422, "command"),
        (b'{"command": []}', 422, "name a program"),
        (b'{"command": [""]}', 422, "name a program"),
        (b'{"command": "ls"}', 422, "command"),
        (b'{"command": ["ls", 1]}', 422, "command"),
        (b'{"command": ["a\\u0000b"]}', 422, "NUL"),
        (b'{"command": ["ls"], "timeout": 0}', 422, "timeout"),
        (b'{"command": ["ls"], "timeout": 3601}', 422, "timeout"),
        (b'{"command": ["ls"], "tty": true}', 422, "tty"),
        (b'{"command": [' + b'"a",' * 1000 + b'"a"]}', 422, "1001 words"),
        (b'{"command": ["' + b"a" * 131_073 + b'"]}', 422, "128 KiB"),
        (b'{"command": ["' + b"a" * 2**20 + b'"]}', 413, "too large"),
    ],
)
def test_what_is_no_command_is_refused(programs: Cluster, body: bytes, code: int, mention: str) -> None:
    reply = programs.request("POST", PATH, data=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == code and mention in reply.json()["message"], reply.text
    assert events(programs) == []

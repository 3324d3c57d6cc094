"""`reconciler logs`: what containers and host programs of several nodes write, merged, followed, and bounded."""

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.support.cluster import Cluster, business, docker_component
from tests.support.engine import remove_containers
from tests.support.processes import Child
from tests.support.waiting import wait_until

pytestmark = pytest.mark.docker


def script(text: str) -> list[str]:
    """A command that writes and then waits."""
    return ["sh", "-c", f"trap 'exit 0' TERM; {text}; while :; do sleep 0.1; done"]


@pytest.fixture
def both(empty: Cluster, nodes: list[str], client: docker.DockerClient) -> Iterator[Cluster]:
    """A manager, an agent with the Engine and one that runs programs."""
    empty.start_manager()
    empty.start_agent(nodes[0])
    empty.start_agent(nodes[1], runtime="process")
    for node_id in nodes:
        empty.wait_node(node_id)
    yield empty
    empty.ask("shop", "stop")
    empty.wait_status("shop", "stopped")
    remove_containers(client, nodes[0])


def test_lines_of_all_nodes_come_together(both: Cluster, tmp_path: Path) -> None:
    web = docker_component("web", command=script("for i in 1 2 3; do echo web says $i; done"), replicas=2)
    host = {"component_id": "host", "type": "process", "command": script("echo host says 1; echo host says 2 >&2")}
    both.post(business("shop", [web, host]))
    both.wait_status("shop", "running")

    def told() -> str:
        return both.cli("logs", "shop").stdout

    wait_until(lambda: told().count("says") == 8, what="all lines")
    lines = told().splitlines()
    assert [line for line in lines if line.startswith("web/1")] == [f"web/1  | web says {i}" for i in (1, 2, 3)]
    assert [line for line in lines if line.startswith("host/0")] == [f"host/0 | host says {i}" for i in (1, 2)]

    last = both.cli("logs", "shop/web/0", "--tail", "1", "--timestamps").stdout
    assert last.startswith("web/0 | 20") and last.endswith("Z web says 3\n") and last.count("\n") == 1
    assert both.cli("logs", "shop/web", "--tail", "0").stdout == ""
    assert both.cli("logs", "shop/web", "--since", "1h").stdout.count("says") == 6

    later = Child(["--manager", both.url, "logs", "-f", "--tail", "0", "shop/web"], tmp_path / "later.log")
    following = Child(["--manager", both.url, "logs", "-f", "shop"], tmp_path / "followed.log")
    wait_until(lambda: following.text().count("says") == 8, what="the first lines")
    host["command"] = script("echo a new version speaks")
    both.put(business("shop", [web, host]))
    wait_until(lambda: "host/0 | a new version speaks" in following.text(), what="what the new version writes")
    following.kill()
    later.kill()
    assert later.text() == "", "nothing was written since"
    assert following.text().count("web says") == 6, "no line comes twice"


def test_much_output_comes_in_bounded_pieces(both: Cluster) -> None:
    text = "i=0; while [ $i -lt 30000 ]; do echo line $i of a long story that goes on and on and on; i=$((i+1)); done"
    both.post(business("shop", [docker_component("web", command=script(f"{text}; echo the end"))]))
    both.wait_status("shop", "running")
    wait_until(lambda: "the end" in both.cli("logs", "shop", "--tail", "1").stdout, what="the end of the story")
    path = "/api/businesses/shop/components/web/0/logs"
    lines: list[str] = []
    chunk = both.get(f"{path}?tail=0")
    start = chunk["cursor"].split(" ")[0] + " "
    cursor = start
    while True:
        reply = both.request("GET", path, params={"cursor": cursor})
        assert len(reply.content) < 4 * 2**20
        chunk = reply.json()
        if not chunk.get("lines"):
            break
        lines += [line["text"] for line in chunk["lines"]]
        cursor = chunk["cursor"]
    assert len(lines) == 30001 and lines[-1] == "the end"
    assert len(set(lines)) == 30001


@pytest.mark.parametrize(
    ("words", "code", "mention"),
    [
        (["none"], 1, "no business 'none'"),
        (["shop/wep"], 1, "wep"),
        (["shop/web/7"], 1, "web/7"),
        (["shop/web/0/0"], 2, "BUSINESS/COMPONENT"),
        (["shop/web/x"], 2, "BUSINESS/COMPONENT"),
    ],
)
def test_what_has_no_logs_is_named(cluster: Cluster, words: list[str], code: int, mention: str) -> None:
    cluster.post(business("shop", [docker_component("web", affinity={"node_labels": {"zone": "moon"}})]))
    done = cluster.cli("logs", *words)
    assert done.returncode == code and mention in done.stderr
    waiting = cluster.cli("logs", "shop/web/0")
    assert waiting.returncode == 1 and "nothing of shop/web/0 is on any node" in waiting.stderr
    for query in ("tail=x", "tail=-1", "cursor=../etc", "since=1e99"):
        reply = cluster.request("GET", f"/api/businesses/shop/components/web/0/logs?{query}")
        assert reply.status_code in (404, 422)

"""Nodes whose network is really cut: agents in network namespaces of their own, on a real Engine."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import APIError

from tests.support.cluster import Cluster, business, docker_component
from tests.support.engine import remove_containers
from tests.support.namespaces import Namespace, namespaces
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.slow]

FAULTS = 20
SEED = 7
TOKEN = "a-token-of-enough-letters"


class Split(Cluster):
    """A manager, and two agents that are reached over cables of their own."""

    def __init__(self, root: Path, nodes: list[str], cables: list[Namespace]) -> None:
        super().__init__(root, token=TOKEN, processes=True)
        self.cables = dict(zip(nodes, cables, strict=True))

    def manage(self) -> None:
        """Start the manager; a node is lost after 6 s."""
        self.start_manager("--listen", f"0.0.0.0:{self.port}", "--suspect-after", "3s", "--lost-after", "6s")

    def serve_node(self, node_id: str) -> None:
        """Start an agent behind its cable."""
        self.start_agent(node_id, inside=self.cables[node_id])


@pytest.fixture
def split(tmp_path: Path, client: docker.DockerClient, images: None, nodes: list[str]) -> Iterator[Split]:
    with namespaces(2) as cables:
        made = Split(tmp_path / "cluster", nodes, cables)
        try:
            made.manage()
            for node_id in nodes:
                made.serve_node(node_id)
                made.wait_node(node_id)
            yield made
        finally:
            made.close()
            for node_id in nodes:
                remove_containers(client, node_id)


def mine(client: docker.DockerClient, nodes: list[str]) -> list[Any]:
    """Every container of these nodes, whatever its state."""
    found = client.containers.list(all=True, ignore_removed=True, filters={"label": "reconciler.business_id=shop"})
    return [container for container in found if container.labels["reconciler.node_id"] in nodes]


def where(client: docker.DockerClient, nodes: list[str]) -> list[str]:
    """The nodes of the containers that run."""
    return sorted(one.labels["reconciler.node_id"] for one in mine(client, nodes) if one.status == "running")


def test_a_node_that_is_cut_off_is_replaced_and_gives_way_when_it_is_back(
    split: Split, client: docker.DockerClient, nodes: list[str]
) -> None:
    split.post(business("shop", [docker_component("web")]))
    split.wait_status("shop", "running")
    (here,) = where(client, nodes)
    there = next(node_id for node_id in nodes if node_id != here)
    split.cables[here].cut()
    split.wait_node(here, "lost")
    wait_until(lambda: where(client, nodes) == sorted([here, there]), what="a new copy beside the one that is cut off")
    split.wait_status("shop", "running")
    split.cables[here].mend()
    wait_until(lambda: where(client, nodes) == [there], what="the surplus copy to stop")
    split.wait_in_sync()
    assert len(mine(client, nodes)) == 1


def test_what_runs_runs_on_while_the_manager_is_away(
    split: Split, client: docker.DockerClient, nodes: list[str]
) -> None:
    spec = business("shop", [docker_component("web", replicas=2), docker_component("one")])
    split.post(spec)
    split.wait_status("shop", "running")
    before = {one.id: one.attrs["State"]["StartedAt"] for one in mine(client, nodes)}
    for cable in split.cables.values():
        cable.cut()
    for node_id in nodes:
        wait_until(lambda name=node_id: "trying again" in split.child(name).text(), what="the agents to notice")
    split.child("manager").kill()
    victim = next(one for one in mine(client, nodes) if one.labels["reconciler.component_id"] == "one")
    victim.kill()
    for cable in split.cables.values():
        cable.mend()
    split.manage()
    for node_id in nodes:
        split.wait_node(node_id)
    split.wait_in_sync()
    after = {one.id: one.attrs["State"]["StartedAt"] for one in mine(client, nodes)}
    before.pop(victim.id)
    assert before.items() <= after.items(), "nothing but what was killed was started again"


def test_a_singleton_never_writes_after_a_newer_one(
    split: Split, client: docker.DockerClient, nodes: list[str], tmp_path: Path
) -> None:
    """Each copy writes its fencing token without pause: none may come after a greater one."""
    shared = tmp_path / "shared"
    shared.mkdir()
    script = 'while :; do echo "$RECONCILER_FENCING_TOKEN" >> /shared/tokens; sleep 0.05; done'
    leader = docker_component(
        "leader",
        command=["sh", "-c", script],
        singleton=True,
        volumes=[f"{shared}:/shared"],
        on_node_loss="reschedule",
    )
    split.post(business("shop", [leader]))
    split.wait_status("shop", "running")

    def tokens() -> list[int]:
        return [int(line) for line in (shared / "tokens").read_text().split()]

    wait_until(lambda: (shared / "tokens").exists() and tokens(), what="the first token")
    for _ in range(2):
        seen = tokens()[-1]
        (here,) = where(client, nodes)
        split.cables[here].cut()
        wait_until(lambda seen=seen: tokens()[-1] > seen, what="the next leader")
        split.cables[here].mend()
        split.wait_node(here)
        split.wait_in_sync()
        assert len(mine(client, nodes)) == 1
    (here,) = where(client, nodes)
    client.containers.get(split.containers("shop")["leader/0"]).kill()
    seen = tokens()[-1]
    wait_until(lambda: tokens()[-1] > seen, what="the leader that replaces the one that was killed")
    written = tokens()
    assert written == sorted(written)
    assert len(set(written)) == 4


def test_twenty_faults_in_a_row_and_then_exactly_what_is_wanted(
    split: Split, client: docker.DockerClient, nodes: list[str]
) -> None:
    """Nothing is awaited between faults but a moment, so that they meet each other."""
    chance = random.Random(SEED)
    pause = threading.Event()
    counts = {"web": 2, "api": 1}
    round_of = {"web": 0, "api": 0}

    def spec() -> dict[str, Any]:
        return business(
            "shop",
            [
                docker_component(
                    name,
                    replicas=counts[name],
                    environment={"ROUND": str(round_of[name])},
                    stop_grace_period="1s",
                    update={"order": "start-first" if name == "api" else "stop-first", "monitor": "0s"},
                    depends_on=["api"] if name == "web" else [],
                )
                for name in counts
            ],
        )

    def change() -> None:
        name = chance.choice(list(counts))
        round_of[name] += 1
        split.put(spec())

    def scale() -> None:
        counts[chance.choice(list(counts))] = chance.randint(1, 3)
        split.put(spec())

    def restart() -> None:
        split.ask("shop", "restart")

    def by_hand() -> None:
        found = mine(client, nodes)
        if found:
            container = chance.choice(found)
            verb = chance.choice(["kill", "pause", "stop", "remove"])
            try:
                container.remove(force=True) if verb == "remove" else getattr(container, verb)()
            except APIError:
                return  # it has ended by itself just now

    def kill_agent() -> None:
        node_id = chance.choice(nodes)
        split.child(node_id).kill()
        pause.wait(chance.uniform(0, 2))
        split.serve_node(node_id)

    def kill_manager() -> None:
        split.child("manager").kill()
        pause.wait(chance.uniform(0, 1))
        split.manage()

    def cut() -> None:
        cable = split.cables[chance.choice(nodes)]
        cable.cut()
        pause.wait(chance.uniform(0, 8))
        cable.mend()

    split.post(spec())
    split.wait_status("shop", "running")
    story = []
    for _ in range(FAULTS):
        fault = chance.choice([change, scale, restart, by_hand, by_hand, kill_agent, kill_manager, cut])
        story.append(fault.__name__)
        fault()
        pause.wait(chance.uniform(0, 1))
    for node_id in nodes:
        split.wait_node(node_id)

    def exact() -> bool:
        found = mine(client, nodes)
        shown = sorted(
            (
                one.labels["reconciler.component_id"],
                one.status,
                next(e for e in one.attrs["Config"]["Env"] if "ROUND" in e),
            )
            for one in found
        )
        return shown == sorted(
            (name, "running", f"ROUND={round_of[name]}") for name, count in counts.items() for _ in range(count)
        )

    try:
        wait_until(exact, what=f"exactly what is wanted after {story}")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{split.plan()}\n{split.logs(60)}") from None
    split.wait_in_sync()

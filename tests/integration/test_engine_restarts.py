"""The Docker Engine ends in the middle, gently or not: agents find it again, and nothing is lost or doubled."""

import os
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, business, docker_component
from tests.support.images import busybox_image
from tests.support.private_engine import private_engine
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.slow]


@pytest.mark.parametrize("how", ["terminate", "kill"])
def test_an_engine_that_ends_and_comes_back(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with private_engine() as engine:
        client = engine.start()
        busybox_image(client)
        monkeypatch.setitem(os.environ, "DOCKER_HOST", engine.url)
        cluster = Cluster(tmp_path / "cluster")
        try:
            cluster.start_manager()
            cluster.start_agent("alone")
            cluster.wait_node("alone")
            cluster.post(business("calm", [docker_component("a", replicas=3, network_mode="none")]))
            cluster.wait_status("calm", "running")

            engine.end(how)
            late = business("late", [docker_component("b", network_mode="none")])
            cluster.post(late)
            wait_until(lambda: "Engine" in str(cluster.get("/api/businesses")), what="the reason to be told")
            client = engine.start()
            cluster.wait_in_sync()
            cluster.wait_status("late", "running")
            found = [
                container.labels["reconciler.component_id"] for container in client.containers.list(ignore_removed=True)
            ]
            assert sorted(found) == ["a", "a", "a", "b"]
            assert len(client.containers.list(all=True, ignore_removed=True)) == 4
        finally:
            cluster.close()

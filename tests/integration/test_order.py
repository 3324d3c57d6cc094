"""Start order on real programs of two nodes: health, one-shots, and stops in reverse."""

from pathlib import Path

from tests.support.cluster import Cluster, business, program
from tests.support.waiting import wait_until


def messages(cluster: Cluster) -> dict[str, str]:
    """What each component of the business has to say."""
    return {item["component_id"]: item["message"] for item in cluster.components("shop")}


def test_the_order_holds_across_nodes(programs: Cluster, tmp_path: Path) -> None:
    cluster = programs
    log, healthy = tmp_path / "log", tmp_path / "healthy"

    def story(name: str) -> str:
        return (
            f"trap 'echo {name} stops >> {log}; exit 0' TERM; echo {name} starts >> {log}; while :; do sleep 0.1; done"
        )

    db = program(
        "db", "east", story("db"), healthcheck={"test": ["CMD", "test", "-e", str(healthy)], "interval": "100ms"}
    )
    db["healthcheck"]["start_period"] = "1h"
    migrate = program("migrate", "west", f"echo migrated 1 >> {log}", restart="no", depends_on={"db": None})
    migrate["depends_on"] = {"db": {"condition": "service_healthy"}}
    web = program("web", "west", story("web"), depends_on={"migrate": {"condition": "service_completed_successfully"}})
    web["depends_on"]["db"] = {"condition": "service_healthy"}

    cluster.post(business("shop", [web, migrate, db]))
    wait_until(lambda: log.exists() and log.read_text() == "db starts\n", what="the database")
    wait_until(lambda: messages(cluster)["migrate"] == "waits until db/0 is healthy", what="the reason")
    assert messages(cluster)["web"].startswith("waits until ")
    shown = cluster.cli("diff")
    assert "waits until db/0 is healthy" in shown.stdout
    healthy.touch()
    cluster.wait_status("shop", "running")
    assert log.read_text().splitlines() == ["db starts", "migrated 1", "web starts"]
    cluster.wait_in_sync()

    migrate["command"] = ["sh", "-c", f"echo migrated 2 >> {log}"]
    web["environment_variables"] = {"VERSION": "2"}
    cluster.put(business("shop", [web, migrate, db]))
    wait_until(lambda: log.read_text().count("web starts") == 2, what="the new version")
    cluster.wait_in_sync()
    lines = log.read_text().splitlines()
    assert lines[3:].index("migrated 2") < lines[3:].index("web stops"), "the old version runs until all is ready"

    cluster.ask("shop", "stop")
    cluster.wait_status("shop", "stopped")
    assert log.read_text().splitlines()[-2:] == ["web stops", "db stops"]

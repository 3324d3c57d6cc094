"""Which container is what a deploy asks for, can be made so, or has to be replaced."""

import msgspec
import pytest

from agent.supervisor.container import Container, newest_first
from reconciler.wire.messages import Deploy, Reservation
from reconciler.wire.reports import Drift
from tests.agent.supervisor.memory_runtime import a_deploy
from tests.agent.supervisor.test_instance import a_container, limited

V1 = a_deploy()
HEALING = msgspec.structs.replace(V1, heal=("cpu_shares", "image"))
LIVE_DRIFT, OTHER_DRIFT = Drift(field="cpu_shares", actual="2"), Drift(field="image", actual="other:1")


@pytest.mark.parametrize(
    ("container", "deploy", "matches", "needs_change"),
    [
        (a_container(V1), V1, True, False),
        (a_container(V1), a_deploy("app:2"), False, False),
        (a_container(V1, ended=True), V1, False, False),
        (Container("process", a_container(V1).running), V1, False, False),
        (a_container(limited(64, 1)), limited(128, 2), True, True),
        (a_container(V1, reservation=Reservation(memory_mb=64)), V1, False, True),
        (a_container(V1, drift=(LIVE_DRIFT,)), V1, True, False),
        (a_container(V1, drift=(LIVE_DRIFT,)), HEALING, True, True),
        (a_container(V1, drift=(OTHER_DRIFT,)), HEALING, False, True),
    ],
    ids=[
        "the same",
        "another digest",
        "ended",
        "another runtime",
        "another limit",
        "no limit where there was one: the Engine takes none away",
        "drift that nobody heals",
        "drift healed while it runs",
        "drift that only a new container heals",
    ],
)
def test_a_container_against_a_deploy(container: Container, deploy: Deploy, matches: bool, needs_change: bool) -> None:
    assert (container.matches(deploy), container.needs_change(deploy)) == (matches, needs_change)


def test_the_newest_is_of_the_highest_version_then_lives_then_started_last() -> None:
    a = a_container(msgspec.structs.replace(V1, version=2), "a", ended=True)
    b = a_container(V1, "b", started_at=20.0)
    c = a_container(V1, "c", started_at=10.0)
    d = a_container(V1, "d")
    e = a_container(V1, "e", ended=True, started_at=30.0)
    assert [one.id for one in newest_first([e, d, c, b, a])] == ["a", "b", "c", "d", "e"]

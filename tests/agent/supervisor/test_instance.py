"""The state machine of one instance: every state under every event."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from agent.runtime.contract import Running
from agent.supervisor.container import Container
from agent.supervisor.instance import (
    STALE_SECONDS,
    Goal,
    Instance,
    RemoveDuplicates,
    StopSingletons,
    Superseded,
    is_obsolete,
)
from agent.supervisor.progress import Progress, under_way
from reconciler.manifest.digest import digest
from reconciler.manifest.model import Resources
from reconciler.wire.messages import Deploy, Status, reservation_of
from reconciler.wire.reports import Drift
from tests.agent.supervisor.memory_runtime import a_deploy, a_stop

V1, V2 = a_deploy("app:1", version=1), a_deploy("app:2", version=2)
STOP = a_stop(version=3)
FAILURE = Progress(Status.FAILED, message="x", failed_digest=V2.digest, since=1000.0)
PENDING = under_way(V2, Status.PENDING)


def a_container(deploy: Deploy, container_id: str = "c1", **changes: object) -> Container:
    running = Running(
        deploy.key,
        container_id,
        deploy.digest,
        deploy.version,
        Status.RUNNING,
        reservation=reservation_of(deploy.component, deploy.gpu_devices),
    )
    return Container("docker", replace(running, **changes))  # type: ignore[arg-type]


def limited(memory_mb: int, version: int) -> Deploy:
    deploy = a_deploy(version=version)
    component = msgspec.structs.replace(deploy.component, resource_requirements=Resources(memory_mb=memory_mb))
    return msgspec.structs.replace(deploy, component=component, digest=digest(component))


OLD = [a_container(V1)]

RESTING = Instance(newest=1, generation=4)
FAILED = replace(RESTING, newest=2, progress=FAILURE)
FETCHING = Instance(newest=2, generation=5, goal=V2, progress=PENDING)
READY = replace(FETCHING, ready=True)
IN_HAND = replace(READY, in_hand=5)
STOPPING = Instance(newest=3, generation=6, goal=STOP, ready=True, in_hand=6, progress=Progress(Status.STOPPING))
FETCHING_WHILE_OLDER_IN_HAND = replace(FETCHING, generation=6, in_hand=5)
READY_WHILE_OLDER_IN_HAND = replace(READY, generation=6, in_hand=5)
STATES = {
    "resting": RESTING,
    "failed": FAILED,
    "fetching": FETCHING,
    "ready": READY,
    "in hand": IN_HAND,
    "stopping": STOPPING,
    "fetching, an older one in hand": FETCHING_WHILE_OLDER_IN_HAND,
    "ready, an older one in hand": READY_WHILE_OLDER_IN_HAND,
}


def shape(instance: Instance) -> str:
    """What kind of state this is, in a few words."""
    goal = {Deploy: "deploy", type(None): "none", RemoveDuplicates: "duplicates", StopSingletons: "singletons"}
    words = [goal.get(type(instance.goal), "stop"), "ready" if instance.ready else ""]
    if instance.in_hand is not None:
        words.append("in hand" if instance.in_hand == instance.generation else "older in hand")
    return " ".join(word for word in words if word)


EVENTS: dict[str, Callable[[Instance], Instance]] = {
    "deploy": lambda one: one.accept(a_deploy("app:9", version=9), OLD),
    "same deploy": lambda one: one.accept(msgspec.structs.replace(V2, version=9), OLD),
    "deploy of what runs": lambda one: one.accept(msgspec.structs.replace(V1, version=9), OLD),
    "stop": lambda one: one.accept(a_stop(version=9), OLD),
    "stop singletons": lambda one: one.accept(StopSingletons(5.0), OLD),
    "remove duplicates": lambda one: one.accept(RemoveDuplicates(), OLD),
    "downloaded": lambda one: one.downloaded(5),
    "take": lambda one: one.take(),
    "finish 5": lambda one: one.finish(5, V2),
    "fail 5": lambda one: one.finish(5, None, FAILURE),
    "give up 5": lambda one: one.finish(5, None),
}
SAME = ""
TABLE = {
    "resting": ("deploy", "deploy", SAME, "stop ready", "singletons ready", "duplicates ready", *[SAME] * 5),
    "failed": ("deploy", "deploy", "none", "stop ready", "singletons ready", "duplicates ready", *[SAME] * 5),
    "fetching": (
        "deploy",
        "deploy",
        "deploy ready",
        "stop ready",
        "singletons ready",
        SAME,
        "deploy ready",
        SAME,
        "none",
        "none",
        SAME,
    ),
    "ready": (
        "deploy",
        "deploy ready",
        "deploy ready",
        "stop ready",
        "singletons ready",
        SAME,
        SAME,
        "deploy ready in hand",
        "none",
        "none",
        SAME,
    ),
    "in hand": (
        "deploy older in hand",
        "deploy ready in hand",
        "deploy ready older in hand",
        "stop ready older in hand",
        "singletons ready older in hand",
        SAME,
        SAME,
        SAME,
        "none",
        "none",
        "deploy ready",
    ),
    "stopping": (
        "deploy older in hand",
        "deploy older in hand",
        "deploy ready older in hand",
        "stop ready in hand",
        SAME,
        SAME,
        *[SAME] * 5,
    ),
    "fetching, an older one in hand": (
        "deploy older in hand",
        "deploy older in hand",
        "deploy ready older in hand",
        "stop ready older in hand",
        "singletons ready older in hand",
        SAME,
        SAME,
        SAME,
        "deploy",
        "deploy",
        "deploy",
    ),
    "ready, an older one in hand": (
        "deploy older in hand",
        "deploy ready older in hand",
        "deploy ready older in hand",
        "stop ready older in hand",
        "singletons ready older in hand",
        SAME,
        SAME,
        SAME,
        "deploy ready",
        "deploy ready",
        "deploy ready",
    ),
}


@pytest.mark.parametrize(
    ("state", "event", "after"),
    [(state, event, after) for state, row in TABLE.items() for event, after in zip(EVENTS, row, strict=True)],
)
def test_every_event_in_every_state(state: str, event: str, after: str) -> None:
    before = STATES[state]
    then = EVENTS[event](before)
    assert shape(then) == (after or shape(before))
    assert then.generation - before.generation in (0, 1)
    assert then.newest >= before.newest
    if then.generation != before.generation:
        assert then.goal is not None and then.in_hand == before.in_hand, "what is in hand stays there"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("goal", [a_deploy("app:1", version=0), a_stop(version=0)])
def test_an_older_message_is_refused_in_every_state(state: str, goal: Deploy) -> None:
    older = msgspec.structs.replace(goal, version=1)
    containers = [a_container(msgspec.structs.replace(V1, version=7))]
    with pytest.raises(Superseded, match="version 1 is older than version 7"):
        STATES[state].accept(older, containers)


def test_a_deploy_of_what_runs_is_confirmed_at_once() -> None:
    again = msgspec.structs.replace(V1, version=8)
    then = FAILED.accept(again, OLD)
    assert (then.progress, then.confirmed, then.newest, then.generation) == (None, (V1.digest, 8), 8, 4)


@pytest.mark.parametrize(
    ("deploy", "containers"),
    [
        (limited(128, 2), [a_container(limited(64, 1))]),
        (
            msgspec.structs.replace(V1, version=2, heal=("cpu_shares",)),
            [a_container(V1, drift=(Drift(field="cpu_shares", expected="1", actual="2"),))],
        ),
        (V1, [a_container(V1), a_container(V1, "c2")]),
    ],
    ids=["other limits", "drift to heal", "two containers"],
)
def test_what_matches_but_for_a_change_needs_no_image(deploy: Deploy, containers: list[Container]) -> None:
    then = RESTING.accept(deploy, containers)
    assert (then.goal, then.ready, then.progress) == (deploy, True, None)


def test_a_stop_keeps_what_was_under_way_in_its_report() -> None:
    then = FETCHING.accept(STOP, [])
    assert then.progress is not None
    assert (then.progress.status, then.progress.digest) == (Status.STOPPING, V2.digest)
    assert RESTING.accept(STOP, []).progress is None, "nothing is there, so nothing stops"


def test_a_stop_of_whatever_runs_counts_as_of_its_version() -> None:
    assert RESTING.accept(a_stop(version=0), [a_container(msgspec.structs.replace(V1, version=7))]).newest == 7


@pytest.mark.parametrize(("generation", "progress"), [(5, FAILURE), (4, PENDING)])
def test_progress_of_an_older_goal_is_not_noted(generation: int, progress: Progress) -> None:
    assert IN_HAND.advance(generation, FAILURE).progress == progress


def test_what_is_to_run_is_noted_as_the_newest_message_has_it() -> None:
    newer = IN_HAND.accept(msgspec.structs.replace(V2, version=9), OLD)
    assert newer.confirm(5).confirmed == (V2.digest, 9)
    assert newer.confirm(4).confirmed == ("", 0)
    assert STOPPING.confirm(6).confirmed == ("", 0)


def test_a_limit_that_changes_while_a_worker_is_at_it_is_worked_at_again() -> None:
    """Else the new limit would be lost: limits make no other digest."""
    first, second = limited(64, 2), limited(128, 3)
    assert first.digest == second.digest
    at_it = Instance().accept(first, []).downloaded(1).take()
    changed = at_it.accept(second, [])
    assert changed.generation == at_it.generation
    again = changed.finish(1, first)
    assert (again.goal, again.ready, again.in_hand) == (second, True, None)
    assert again.take().finish(1, second).goal is None


def test_a_failure_from_before_is_told_on_after_duplicates_are_gone() -> None:
    tidying = FAILED.accept(RemoveDuplicates(), OLD).take()
    assert tidying.finish(5, tidying.goal).progress == FAILURE
    assert tidying.finish(5, None, Progress(Status.FAILED, message="y")).progress == FAILURE


@pytest.mark.parametrize(
    ("state", "containers", "seconds", "is_left"),
    [
        (FAILED, OLD, 1.0, True),
        (FAILED, OLD, STALE_SECONDS + 1, False),
        (FAILED, [a_container(V2)], 1.0, False),
        (FAILED, [a_container(V2, ended=True)], 1.0, True),
        (FAILED, [], STALE_SECONDS + 1, True),
        (IN_HAND, OLD, STALE_SECONDS + 1, True),
        (replace(READY, progress=FAILURE), OLD, STALE_SECONDS + 1, True),
    ],
    ids=["fresh", "stale", "came true", "ended", "nothing runs", "under way", "tried again"],
)
def test_a_failed_update_is_forgotten_where_it_came_true_or_nobody_tries_it_again(
    state: Instance, containers: list[Container], seconds: float, is_left: bool
) -> None:
    then = state.expire(containers, FAILURE.since + seconds)
    assert then.progress == (state.progress if is_left else None)


@pytest.mark.parametrize(
    ("goal", "containers", "obsolete"),
    [
        (V2, [a_container(V1)], True),
        (V1, [a_container(V1)], False),
        (V1, [a_container(V1), a_container(V1, "c2")], True),
        (V1, [a_container(V1), a_container(V2, "c2")], False),
        (V1, [a_container(V1, ended=True)], True),
        (RemoveDuplicates(), [a_container(V1)], False),
        (RemoveDuplicates(), [a_container(V1), a_container(V1, "c2")], True),
        (STOP, [a_container(V1)], True),
        (StopSingletons(1.0), [a_container(V1)], True),
    ],
)
def test_a_container_is_ended_only_for_a_reason(goal: Goal, containers: list[Container], obsolete: bool) -> None:
    assert is_obsolete(containers[0], goal, containers) is obsolete


def test_states_that_can_not_be_are_refused() -> None:
    for wrong in ({"ready": True}, {"goal": STOP}, {"in_hand": 1}):
        with pytest.raises(AssertionError):
            Instance(**wrong)  # type: ignore[arg-type]

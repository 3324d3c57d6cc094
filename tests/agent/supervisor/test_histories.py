"""Histories of everything that can happen to a node, in any order: what the rules of behaviour say of them all."""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from random import Random

import msgspec
import pytest

from agent.runtime.contract import Running
from agent.supervisor.instance import Superseded
from reconciler.wire.messages import Deploy, InstanceKey, Status, Stop
from tests.agent.supervisor.memory_runtime import MemoryRuntime, a_deploy, a_stop
from tests.agent.supervisor.stepping import SteppedNode
from tests.agent.supervisor.test_operations import start_first
from tests.support.effort import rounds

KEYS = [InstanceKey("shop", "web", number) for number in range(2)]
IMAGES = ("app:1", "app:2", "app:3")
SEEDS = rounds(300, in_a_soak=5000)

EVENTS = (
    *("deploy", "start first", "run") * 3,
    *("stop", "repeat", "late", "restart", "step", "refresh") * 2,
    *("crash", "crash unheard", "revive", "no image", "create fails", "stop fails", "silent", "works again"),
)
"""What comes often stands here often: most of what can go wrong needs something that runs."""

Happening = tuple[str, int, str]
AT_LAST: tuple[Happening, ...] = (("works again", 0, ""), ("refresh", 0, ""))
"""Who waits for a container of an Engine that does not answer waits until it does."""


class WatchedRuntime(MemoryRuntime):
    """A runtime that notes when what is asked for and serves is ended."""

    def __init__(self, asked: dict[InstanceKey, Deploy | Stop]) -> None:
        super().__init__()
        self.asked = asked
        self.wrongly_ended: list[Running] = []

    def stop(self, container_id: str, within: float | None = None) -> None:
        running = self.containers.get(container_id)
        if running is not None and not running.ended:
            asked = self.asked[running.key]
            same = [one for one in self.of(running.key) if one.digest == running.digest and not one.ended]
            if isinstance(asked, Deploy) and asked.digest == running.digest and len(same) == 1:
                self.wrongly_ended.append(running)
        super().stop(container_id, within)


class History:
    """A node, and what was last asked of each of its instances."""

    def __init__(self, happenings: Iterable[Happening]) -> None:
        self.version = 0
        self.asked: dict[InstanceKey, Deploy | Stop] = {}
        self.sent: dict[InstanceKey, list[Deploy | Stop]] = defaultdict(list)
        """What this agent has heard, the newest last: one that begins anew knows only what containers say."""
        self.coming = deque(partial(self.happen, *happening) for happening in (*happenings, *AT_LAST))
        self.runtime = WatchedRuntime(self.asked)
        self.node = SteppedNode(self.runtime, self.coming)

    def go(self) -> None:
        """Let everything happen: one after the other, or while a worker waits for a container."""
        while self.coming:
            self.coming.popleft()()

    def happen(self, what: str, instance: int, image: str) -> None:
        runtime, key = self.runtime, KEYS[instance]
        match what:
            case "deploy" | "start first" | "stop":
                self._ask(what, instance, image)
            case "repeat" if key in self.asked:
                self._send(self.asked[key])
            case "late":
                self._send_late(key)
            case "crash" | "crash unheard" | "revive":
                status = Status.RUNNING if what == "revive" else Status.FAILED
                for running in runtime.of(key):
                    changed = replace(running, status=status, ended=what != "revive")
                    runtime.containers[running.container_id] = changed
                if what != "crash unheard":
                    self.node.stepper.refresh()
            case "step" if self.node.stepper.tasks:
                self.node.stepper.tasks.popleft()()
            case "run":
                self.node.run()
            case "refresh":
                self.node.stepper.refresh()
            case "silent":
                runtime.failures["list"] = "the Engine does not answer"
            case "no image":
                runtime.failures[f"image {image}"] = "no such image"
            case "create fails":
                runtime.failures[f"create {image}"] = "port 80 is in use"
            case "stop fails":
                runtime.failures["stop"] = "the Engine does not answer"
            case "works again":
                runtime.failures.clear()
            case "restart":
                self.node.supervisor.close()
                self.node = SteppedNode(self.runtime, self.coming)
                self.sent.clear()

    def come_to_rest(self) -> None:
        """Everything works again, the manager repeats what it asks for, and all that is begun ends."""
        self.runtime.failures.clear()
        self.node.run()
        for message in self.asked.values():
            self._send(message)
        self.node.run()
        self.node.stepper.refresh()
        self.node.run()

    def _ask(self, what: str, instance: int, image: str) -> None:
        self.version += 1
        message: Deploy | Stop
        if what == "stop":
            message = a_stop(self.version, instance)
        else:
            message = a_deploy(image, self.version, instance)
            if what == "start first":
                component = msgspec.structs.replace(message.component, update=start_first().component.update)
                message = msgspec.structs.replace(message, component=component)
        self.asked[KEYS[instance]] = message
        self._send(message)

    def _send(self, message: Deploy | Stop) -> None:
        if message not in self.sent[message.key]:
            self.sent[message.key].append(message)
        self._deliver(message)

    def _deliver(self, message: Deploy | Stop) -> None:
        if isinstance(message, Deploy):
            self.node.supervisor.deploy(message)
        else:
            self.node.supervisor.stop(message)

    def _send_late(self, key: InstanceKey) -> None:
        """Repeat a message that a newer one has overtaken: this agent refuses it."""
        for message in self.sent[key][:-1]:
            with pytest.raises(Superseded):
                self._deliver(message)


def a_history(seed: int) -> list[Happening]:
    """Some happenings, the same ones for the same seed."""
    random = Random(seed)
    return [
        (random.choice(EVENTS), random.randrange(len(KEYS)), random.choice(IMAGES))
        for _ in range(random.randint(5, 40))
    ]


@pytest.mark.parametrize("seeds", [range(first, first + 50) for first in range(0, SEEDS, 50)], ids=str)
def test_at_rest_exactly_what_was_last_asked_for_runs(seeds: range) -> None:
    """Rule 1: one running container for each instance that was asked for, none besides."""
    for seed in seeds:
        check_history(a_history(seed))


def check_history(happenings: list[Happening]) -> None:
    """Let it happen, and look at what is there at rest."""
    history = History(happenings)
    history.go()
    history.come_to_rest()
    runs = {key: [(running.digest, running.ended) for running in history.runtime.of(key)] for key in KEYS}
    assert runs == {
        key: [(message.digest, False)] if isinstance(message := history.asked.get(key), Deploy) else [] for key in KEYS
    }
    assert not history.runtime.wrongly_ended, "rule 4"
    assert not [report for report in history.node.told if "internal error" in report.message]
    reports = {report.key: report for report in history.node.supervisor.instances()}
    assert reports.keys() == {key for key, message in history.asked.items() if isinstance(message, Deploy)}
    assert all(report.status is Status.RUNNING and not report.message for report in reports.values())

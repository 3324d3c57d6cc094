"""A supervisor without threads and without waiting: a test says when each task runs, and what the clock shows."""

from collections import deque
from collections.abc import Callable
from threading import Condition

from agent.supervisor.runner import Runner
from agent.supervisor.supervisor import Supervisor
from reconciler.wire.messages import Deploy, InstanceKey, Stop
from reconciler.wire.reports import InstanceReport
from tests.agent.supervisor.memory_runtime import MemoryRuntime

Step = Callable[[], None]


class Stepper:
    """The clock, and every thread, of a supervisor.

    Tasks wait until `run`. While one of them waits for a container, the next of `meanwhile` happens and runtimes
    are listed whose events ask for it, and if that changes nothing, the time passes.
    """

    def __init__(self, meanwhile: deque[Step] | None = None) -> None:
        self.now = 1000.0
        self.tasks: deque[Step] = deque()
        self.meanwhile: deque[Step] = deque() if meanwhile is None else meanwhile
        self.refreshes: list[Step] = []
        self.waits = 0

    def runner(self) -> Runner:
        return Runner(lambda: self.now, lambda name, limit: StepExecutor(self), self._refresher, self._wait)

    def run(self) -> None:
        """Run every task, and what they bring with them, to its end."""
        while self.tasks:
            self.tasks.popleft()()

    def refresh(self) -> None:
        """List every runtime, as its safety net would."""
        for refresh in self.refreshes:
            refresh()

    def _refresher(self, name: str, refresh: Step) -> "StepRefresher":
        self.refreshes.append(refresh)
        return StepRefresher(self, refresh)

    def _wait(self, condition: Condition, holds: Callable[[], bool], seconds: float) -> None:
        self.waits += 1
        assert self.waits < 2_000, "somebody waits for ever"
        if self.meanwhile:
            self.meanwhile.popleft()()
        for refresh in [task for task in self.tasks if task in self.refreshes]:
            self.tasks.remove(refresh)
            refresh()
        if not holds():
            self.now += seconds


class StepExecutor:
    """Puts tasks into the stepper's queue."""

    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        self._closed = False

    def submit(self, task: Step) -> None:
        if not self._closed:
            self._stepper.tasks.append(task)

    def close(self) -> None:
        self._closed = True


class StepRefresher:
    """Lists a runtime as one of the stepper's tasks, once however often it was poked."""

    def __init__(self, stepper: Stepper, refresh: Step) -> None:
        self._stepper, self._refresh = stepper, refresh
        self._closed = False

    def start(self) -> None:
        """It is the test that says when."""

    def poke(self) -> None:
        if not self._closed and self._refresh not in self._stepper.tasks:
            self._stepper.tasks.append(self._refresh)

    def close(self) -> None:
        self._closed = True


class SteppedNode:
    """A supervisor on a memory runtime in a test's hands, and everything it told."""

    def __init__(self, runtime: MemoryRuntime | None = None, meanwhile: deque[Step] | None = None) -> None:
        self.runtime = runtime or MemoryRuntime()
        self.stepper = Stepper(meanwhile)
        self.told: list[InstanceReport] = []
        self.supervisor = Supervisor({"docker": self.runtime}, self.told.append, self.stepper.runner())

    def deploy(self, deploy: Deploy) -> None:
        self.supervisor.deploy(deploy)

    def stop(self, stop: Stop) -> None:
        self.supervisor.stop(stop)

    def run(self) -> None:
        self.stepper.run()

    def report(self, key: InstanceKey) -> InstanceReport | None:
        return next((one for one in self.supervisor.instances() if one.key == key), None)

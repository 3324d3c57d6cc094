"""One instance's state machine: what it should become, and how far that is. Pure: times are handed in.

Events make new states. A worker that has a goal in hand compares generations to see whether that goal still stands.

    resting   --accept--> fetching (a deploy whose image is not here)  --downloaded--> ready
    resting   --accept--> ready    (any other goal)                    --take--> in hand --finish--> resting
    any state --accept--> a newer goal's fetching or ready, while a worker may still have the older one in hand
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.supervisor.container import Container
from agent.supervisor.progress import Progress, stopping, under_way
from reconciler.wire.messages import Deploy, InstanceKey, Status, Stop

STALE_SECONDS = 180.0
"""How long a failed update of something that runs on is told, unless it is tried again; managers retry sooner.

After that the manager no longer wants the update, and what runs is what it wants.
"""


@dataclass(frozen=True, slots=True)
class RemoveDuplicates:
    """The goal of leaving one container of an instance, the newest that runs, where a crash left several."""


@dataclass(frozen=True, slots=True)
class StopSingletons:
    """The goal of ending a singleton that may not run here any more, in at most `within` seconds."""

    within: float


Goal = Deploy | Stop | RemoveDuplicates | StopSingletons


@dataclass(frozen=True, slots=True)
class Task:
    """A goal of an instance as a worker or a download has it in hand."""

    key: InstanceKey
    generation: int
    goal: Goal


def is_obsolete(container: Container, goal: Goal, containers: Sequence[Container]) -> bool:
    """Tell whether the goal is a reason to end the container, where these are its instance's containers (rule 4)."""
    others = [other for other in containers if other.id != container.id]
    match goal:
        case Deploy():
            return not container.matches(goal) or any(other.matches(goal) for other in others)
        case RemoveDuplicates():
            return bool(others)
        case Stop() | StopSingletons():
            return True


class Superseded(Exception):
    """A message is older than what the instance has seen already."""

    def __init__(self, key: InstanceKey, version: int, newest: int) -> None:
        super().__init__(f"{key}: version {version} is older than version {newest}, which this node has seen already")
        self.key, self.version, self.newest = key, version, newest


@dataclass(frozen=True, slots=True)
class Instance:
    """The state of one instance.

    `newest` is the newest version seen in a message. `generation` goes up with every new goal; a worker compares it
    to see that its goal is out of date. `ready` says that the goal may touch containers now. `in_hand` is the
    generation that a worker is at. `confirmed` is the digest that was last asked for and found running, with the
    version it was asked for under: a container's label keeps the version that it was made for.
    """

    newest: int = 0
    generation: int = 0
    goal: Goal | None = None
    ready: bool = False
    in_hand: int | None = None
    progress: Progress | None = None
    confirmed: tuple[str, int] = ("", 0)

    def __post_init__(self) -> None:
        """Hold what is true of every state."""
        assert self.goal is not None or not self.ready, f"nothing is ready without a goal: {self}"
        assert self.ready or self.goal is None or isinstance(self.goal, Deploy), f"only deploys are fetched: {self}"
        assert self.in_hand is None or self.in_hand <= self.generation, f"no goal is in hand before it is set: {self}"

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way and nothing is to be told of it."""
        return self.goal is None and self.progress is None and self.in_hand is None

    @property
    def has_failed(self) -> bool:
        """Whether the last goal failed and no other has come since."""
        return self.goal is None and self.progress is not None and self.progress.status is Status.FAILED

    def newest_version(self, containers: Sequence[Container]) -> int:
        """Return the newest version seen of the instance: in a message to this process, or on what runs."""
        return max([self.newest, *(container.running.version for container in containers)])

    def accept(self, goal: Goal, containers: Sequence[Container]) -> "Instance":
        """Take a goal, where these are the instance's containers; a new generation is new work.

        Raises Superseded for a message that is older than one seen before.
        """
        match goal:
            case Deploy():
                return _accept_deploy(self, goal, containers)
            case Stop():
                return _accept_stop(self, goal, containers)
            case StopSingletons():
                ends = isinstance(self.goal, Stop | StopSingletons)
                return self if ends else _begin(self, goal, Progress(Status.STOPPING), ready=True)
            case RemoveDuplicates():
                busy = self.goal is not None or self.in_hand is not None
                return self if busy else _begin(self, goal, self.progress, ready=True)

    def downloaded(self, generation: int) -> "Instance":
        """Let the deploy of that generation touch containers, unless a newer goal has replaced it."""
        return replace(self, ready=True) if self._is_current(generation) else self

    def take(self) -> "Instance":
        """Put the goal in a worker's hand if it is ready and no worker has an older one in hand."""
        if not self.ready or self.in_hand is not None:
            return self
        return replace(self, in_hand=self.generation)

    def advance(self, generation: int, progress: Progress) -> "Instance":
        """Note how far the goal of that generation is, unless a newer goal has replaced it."""
        return replace(self, progress=progress) if self._is_current(generation) else self

    def confirm(self, generation: int) -> "Instance":
        """Note that what the deploy of that generation asks for is what is to run, unless a newer goal replaced it."""
        if not self._is_current(generation) or not isinstance(self.goal, Deploy):
            return self
        return replace(self, confirmed=(self.goal.digest, self.goal.version))

    def finish(self, generation: int, done: Goal | None, failure: Progress | None = None) -> "Instance":
        """End the work of that generation: its goal was reached as `done`, failed, or (`done` None) was given up.

        A goal that a repeated message has changed meanwhile (a version, a limit) stays, ready to be taken again.
        """
        released = replace(self, in_hand=None) if self.in_hand == generation else self
        if not self._is_current(generation):
            return released
        if failure is None and done != self.goal:
            return released
        left = self.progress if isinstance(self.goal, RemoveDuplicates) else failure
        return replace(released, goal=None, ready=False, progress=left)

    def expire(self, containers: Sequence[Container], now: float) -> "Instance":
        """Let go of a failed update where what was asked for runs after all, or that was not tried again for long."""
        failure = self.progress
        if not self.has_failed or failure is None or not containers:
            return self
        newest = containers[0].running
        come_true = newest.digest == failure.failed_digest and not newest.ended
        return replace(self, progress=None) if come_true or now - failure.since > STALE_SECONDS else self

    def _is_current(self, generation: int) -> bool:
        return self.goal is not None and self.generation == generation


def _begin(instance: Instance, goal: Goal, progress: Progress | None, ready: bool) -> Instance:
    """Make this the instance's goal, in a generation of its own."""
    return replace(instance, generation=instance.generation + 1, goal=goal, progress=progress, ready=ready)


def _accept_deploy(instance: Instance, deploy: Deploy, containers: Sequence[Container]) -> Instance:
    _refuse_older(instance, deploy.key, deploy.version, containers)
    seen = replace(instance, newest=deploy.version)
    if isinstance(instance.goal, Deploy) and instance.goal.digest == deploy.digest:
        return replace(seen, goal=deploy)
    current = next((container for container in containers if container.matches(deploy)), None)
    alone = current is not None and len(containers) == 1 and not current.needs_change(deploy)
    if alone and instance.goal is None and instance.in_hand is None:
        return replace(seen, progress=None, confirmed=(deploy.digest, deploy.version))
    progress = None if current is not None else under_way(deploy, Status.PENDING)
    return _begin(seen, deploy, progress, ready=current is not None)


def _accept_stop(instance: Instance, stop: Stop, containers: Sequence[Container]) -> Instance:
    if stop.version:
        _refuse_older(instance, stop.key, stop.version, containers)
    seen = replace(instance, newest=max(stop.version, instance.newest_version(containers)))
    if isinstance(instance.goal, Stop):
        return seen
    exists = bool(containers) or instance.progress is not None
    return _begin(seen, stop, stopping(instance.progress) if exists else None, ready=True)


def _refuse_older(instance: Instance, key: InstanceKey, version: int, containers: Sequence[Container]) -> None:
    newest = instance.newest_version(containers)
    if version < newest:
        raise Superseded(key, version, newest)

"""The manager, without its HTTP side: every part is built here and handed what it needs.

Desired state comes in by `specs`, `desired` and `sources`, observed state by `nodes`. The loop compares them and sends
what is missing. Everything else answers questions.
"""

import threading
import time
from collections.abc import Callable, Sequence

from reconciler.control.ask.decisions import Decisions
from reconciler.control.ask.dry_runs import DryRuns
from reconciler.control.ask.instances import Instances
from reconciler.control.desired.changes import DesiredChanges
from reconciler.control.desired.operations import DesiredStateService
from reconciler.control.desired.ownership import Ownership
from reconciler.control.desired.saved_plans import SavedPlans
from reconciler.control.desired.source_sync import SourceSync
from reconciler.control.desired.specs import SpecService
from reconciler.control.dispatch.agent_client import AgentClient
from reconciler.control.dispatch.attempts import Attempts
from reconciler.control.dispatch.dispatcher import Dispatcher
from reconciler.control.dispatch.node_queues import NodeQueues
from reconciler.control.loop.approvals import Approvals
from reconciler.control.loop.loop import Loop
from reconciler.control.loop.observation import Observation
from reconciler.control.loop.turns import Turns
from reconciler.control.nodes import Nodes
from reconciler.control.view import View
from reconciler.plan.model.policy import Policy
from reconciler.source.source import Source
from reconciler.store.store import Store


class Manager:
    """Holds the parts of one manager, each for one kind of caller, and starts and ends them in order.

    Of the store's parts, those are given out that callers read as they are.
    """

    def __init__(
        self,
        store: Store,
        agents: AgentClient,
        sources: Sequence[Source] = (),
        policy: Policy | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        queues: NodeQueues | None = None,
    ) -> None:
        """Build the parts. `clock` gives seconds since the epoch; calls to agents go through `queues`."""
        policy = policy or Policy()
        awake, turn = threading.Event(), threading.Lock()
        wake = awake.set
        changes = DesiredChanges(store, clock, wake)
        self.ownership = ownership = Ownership([source.name for source in sources])
        observation = Observation(store, policy, clock)
        self.events, self.revisions = store.events, store.revisions
        self.statuses, self.deliveries = store.statuses, store.deliveries
        self.sources = SourceSync(changes, sources)
        self.specs = SpecService(changes, ownership)
        self.desired = DesiredStateService(changes, ownership, self.sources)
        self.saved_plans = SavedPlans(store, self.specs, observation.state, clock, turn)
        self._dispatcher = Dispatcher(store, agents, queues or NodeQueues(), Attempts(monotonic), wake)
        self._turns = Turns(store, observation, self._dispatcher, self.saved_plans, turn, monotonic)
        self.nodes = Nodes(store, policy, lambda: self._turns.latest, clock, wake)
        self.approvals = Approvals(store, self.view, clock, wake)
        self.instances = Instances(store, agents, self.view, clock)
        self.dry_runs = DryRuns(observation.state, self.sources)
        self.decisions = Decisions(store)
        self.loop = Loop(
            store,
            self._turns,
            observation,
            self._dispatcher,
            self.sources,
            awake,
            policy.suspect_after / 3,
            clock,
            monotonic,
        )

    def start(self) -> None:
        """Read the sources, then keep the fleet as desired until `close`."""
        self.loop.start()

    def close(self) -> None:
        """End the loop; calls under way are waited for. Ends no instance."""
        self.loop.close()
        self._dispatcher.close()

    @property
    def is_alive(self) -> bool:
        """Whether the loop turns."""
        return self.loop.is_alive

    def view(self) -> View:
        """Show what is known now: never older than the last accepted change of desired state."""
        return self._turns.view()

"""Commands inside instances, as the manager passes them on: written down first, few at once, kept nowhere."""

import shlex
import threading
import time
from collections.abc import Callable, Iterator

from reconciler.control.dispatch.agent_client import AgentClient, CommandStream
from reconciler.control.errors import Busy, NotRunning, UnknownInstance
from reconciler.manifest.secrets.redact import redacted_words
from reconciler.net.http_client import PeerError
from reconciler.plan.ask.status import BusinessStatus
from reconciler.plan.model.observed import Allocation, Observed
from reconciler.store.model import Event
from reconciler.store.store import Store
from reconciler.wire.codec import MessageError
from reconciler.wire.exec_stream import COMMANDS_MAX, read_frames
from reconciler.wire.messages import InstanceKey, Status
from reconciler.wire.streams import Exec, ExecFrame

SHOWN_CHARACTERS_MAX = 4000
"""Characters of a command that its event shows; ten thousand events are kept."""


class Relay:
    """The frames of a command, from its agent to whoever asked. Who made it calls `close`, which ends the command."""

    def __init__(self, stream: CommandStream, closed: Callable[[], None]) -> None:
        self._stream = stream
        self._closed = closed

    def __iter__(self) -> Iterator[ExecFrame]:
        """The frames; the last one says how the command ended, or that its agent no longer tells."""
        try:
            for frame in read_frames(self._stream.pieces()):
                yield frame
                if frame.is_last:
                    return
            reason = "the agent ended"
        except MessageError:
            reason = "the agent answers nonsense"
        except PeerError:
            reason = "the agent can't be reached any more"
        yield ExecFrame(error=f"{reason}: what became of the command is not known")

    def close(self) -> None:
        """Let go of the agent."""
        self._stream.close()
        self._closed()


class Execs:
    """Starts commands, a bounded number at once. Safe to use from many threads."""

    def __init__(self, store: Store, agents: AgentClient, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._agents = agents
        self._clock = clock
        self._free = threading.BoundedSemaphore(COMMANDS_MAX)

    def start(self, address: str, node_id: str, exec_: Exec, who: str) -> Relay:
        """Write down that `who` runs this on the node, then start it. Raises Busy, StoreError, AgentError."""
        if not self._free.acquire(blocking=False):
            raise Busy(f"{COMMANDS_MAX} commands run through this manager already: wait until one has ended")
        try:
            self._store.events.add([self._event(node_id, exec_, who)])
            return Relay(self._agents.exec(address, exec_), self._free.release)
        except BaseException:
            self._free.release()
            raise

    def _event(self, node_id: str, exec_: Exec, who: str) -> Event:
        shown = shlex.join(redacted_words(exec_.command))
        if len(shown) > SHOWN_CHARACTERS_MAX:
            shown = f"{shown[:SHOWN_CHARACTERS_MAX]}… ({len(shown)} characters)"
        at, key = self._clock(), exec_.key
        return Event(at, "exec", f"{who} runs: {shown}", key.business_id, key.component_id, key.instance, node_id)


def allocation_to_enter(key: InstanceKey, status: BusinessStatus, observed: Observed) -> Allocation:
    """Choose the allocation that a command runs in: one that runs, the newest. Raises UnknownInstance, NotRunning.

    One that runs and counts as failed is fine, for that is when people want to look inside.
    """
    item = next((item for item in status.instances if item.key == key), None)
    if item is None:
        known = ", ".join(f"{other.key.component_id}/{other.key.instance}" for other in status.instances) or "none"
        wanted = f"{key.component_id}/{key.instance}"
        raise UnknownInstance(f"business '{key.business_id}' has no instance {wanted}; it has {known}")
    allocations = [
        allocation
        for allocation in observed.allocations
        if allocation.key == key and allocation.confirmed and allocation.container_id
    ]
    alive = [allocation for allocation in allocations if not allocation.ended]
    if not alive:
        reason = f": {item.message}" if item.message else ""
        raise NotRunning(f"{key} does not run now, it is {item.status}{reason}")
    return max(alive, key=lambda allocation: (allocation.status is Status.RUNNING, allocation.version))

"""One queue a node: calls to one node follow each other, calls to different nodes run side by side.

Nodes that did not answer last time have threads of their own, so that any number of dead nodes, each holding a
thread until its deadline, delays only other doubtful nodes.
"""

import logging
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)

THREADS_MAX = 48
DOUBTFUL_THREADS_MAX = 8

Job = Callable[[], bool]
"""Makes one call; returns whether the node answered."""


class NodeQueues:
    """Runs jobs, in order for each node."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, OrderedDict[Hashable, Job]] = defaultdict(OrderedDict)
        self._active: set[str] = set()
        self._doubtful: set[str] = set()
        self._threads = ThreadPoolExecutor(THREADS_MAX, "dispatch")
        self._doubtful_threads = ThreadPoolExecutor(DOUBTFUL_THREADS_MAX, "dispatch-doubtful")
        self._closed = False

    def put(self, node_id: str, about: Hashable, job: Job) -> None:
        """Queue a job; it replaces one about the same thing that has not begun."""
        with self._lock:
            if self._closed:
                return
            waiting = self._waiting[node_id]
            waiting.pop(about, None)
            waiting[about] = job
            if node_id not in self._active:
                self._active.add(node_id)
                threads = self._doubtful_threads if node_id in self._doubtful else self._threads
                threads.submit(self._run, node_id)

    def close(self) -> None:
        """Begin nothing more; wait for the calls under way."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
        self._threads.shutdown()
        self._doubtful_threads.shutdown()

    def _run(self, node_id: str) -> None:
        while True:
            with self._lock:
                waiting = self._waiting.get(node_id)
                if not waiting:
                    self._waiting.pop(node_id, None)
                    self._active.discard(node_id)
                    return
                _, job = waiting.popitem(last=False)
            answered = _made(job)
            with self._lock:
                moves = not answered and node_id not in self._doubtful and not self._closed
                if answered:
                    self._doubtful.discard(node_id)
                else:
                    self._doubtful.add(node_id)
            if moves:
                self._doubtful_threads.submit(self._run, node_id)
                return


def _made(job: Job) -> bool:
    """Make a call; whatever goes wrong with it, the node's other calls follow (rule 16)."""
    try:
        return job()
    except Exception:
        log.exception("a call to an agent failed in an unexpected way")
        return False

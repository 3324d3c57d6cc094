"""Keeping decisions: each plan by which something happens, with all that it was made of."""

import reconciler
from reconciler.control.view import View, documented
from reconciler.plan.keep.record import record
from reconciler.plan.keep.replay import decided
from reconciler.store.store import Store


class Recorder:
    """Follows the loop's turns, at rest without doing anything."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last = ""

    def follow(self, view: View, happened: bool) -> None:
        """Keep the decision of a turn in which something happened, unless it is the one of the turns before."""
        if not view.plan.actions and not view.plan.pending:
            self._last = ""
        elif happened and documented(view).hash != self._last:
            made = decided(documented(view), reconciler.__version__)
            kept = record(view.state, made)
            self._store.decisions.keep(made.hash, reconciler.__version__, len(view.plan.actions), kept, view.at)
            self._last = made.hash

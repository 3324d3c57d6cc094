"""Why a worker did not reach its goal, as errors, and the reason as people are told it."""

import logging

from agent.runtime.contract import RuntimeFailure

log = logging.getLogger(__name__)


class Overtaken(Exception):
    """A newer goal has replaced the one in hand: what is done for it ends here."""


class Closing(Exception):
    """The agent ends: the goal in hand is left to the next agent."""


def reason_of(error: Exception) -> str:
    """Return what to tell people: a runtime's own words, or that this is our mistake, whose trace is logged."""
    if isinstance(error, RuntimeFailure):
        return str(error)
    log.error("unexpected failure", exc_info=error)
    return f"internal error in the agent ({type(error).__name__}); its log says more"

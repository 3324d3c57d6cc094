"""The pure core: `plan(desired, observed, policy, now)` and what explains it. No clock, no random, no I/O.

Desired and observed state, a policy and the time come in as values (`model`). A plan goes out: actions in order,
placements, refusals with reasons. `README.md` beside this file draws the stages.
"""

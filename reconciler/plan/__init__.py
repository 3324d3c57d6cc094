"""The pure core: `plan(desired, observed, policy, now)` and what explains it. No clock, no random, no I/O."""

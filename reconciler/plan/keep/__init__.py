"""What of plans is written down and read back: states, decisions, saved plans and the facts that these rely on.

Plans and their input come in. Data that a later version can read, and what has changed since, go out.
"""

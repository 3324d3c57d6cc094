"""What of plans is written down and read back: states, decisions, saved plans and what these rely on.

Plans and their input come in. Data that a later version can read, and what has changed since, go out.
"""

"""The diff itself: each desired instance against what runs of it, and the actions between the two.

Desired instances, observed instances and the fleet come in. Actions, what has no place, and what is left as it
differs go out.
"""

"""Choosing nodes: the fleet as arrays, filters that check and explain, scores, and what is reserved already.

Placement requests and the fleet's free room come in. A node, GPU devices and the room they take go out, or a refusal
by every group of nodes.
"""

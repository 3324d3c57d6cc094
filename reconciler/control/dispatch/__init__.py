"""The one way out: a plan's actions become calls to agents, one queue a node.

Plans come in. Deploys and stops go out to agents, and again after a back-off where they failed.
"""

"""The agent: it runs on every node, root on its host, and does what its manager asks of it."""

"""Reconciler: a declarative deployer for fleets of Docker hosts."""

"""The `reconciler` command."""

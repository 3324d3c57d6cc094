"""The loop: read, plan, dispatch, record; and the one way in for every change of desired state."""

"""The loop: read, plan, dispatch, record; and the one way in for every change of desired state.

Changes of desired state and reports of agents come in. Calls to agents, events and views for readers go out.
"""

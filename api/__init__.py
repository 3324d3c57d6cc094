"""The manager's HTTP side: REST, reports from agents, the dashboard.

Requests come in, are checked and become calls of `reconciler.control`. The mission's structures go out as JSON,
without secrets.
"""

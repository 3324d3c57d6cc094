"""The manager's HTTP side: REST, reports from agents, the dashboard."""

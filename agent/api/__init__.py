"""The agent's HTTP API: who may call it, and what a call asks for.

Requests come in as JSON, are checked and become messages of `reconciler.wire`. The supervisor's answers go out as JSON.
"""

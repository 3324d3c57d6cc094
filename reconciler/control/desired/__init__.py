"""The one way in: every change of desired state, from a source or over REST.

Specs, and operators' words such as stop, roll back or approve, come in. Accepted revisions go out, or a refusal as a
typed error.
"""

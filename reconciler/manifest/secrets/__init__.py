"""Where a spec's secrets are, and how it is shown or planned without them.

Specs and words come in. The same without secrets (redacted), or with tokens in their places (sealed), go out.
"""

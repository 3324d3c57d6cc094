"""Questions to a running manager that change nothing: dry runs, why, and commands inside instances.

Requests come in. Answers from the current view and kept decisions go out.
"""

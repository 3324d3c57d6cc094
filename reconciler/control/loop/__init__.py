"""One turn after the other: what is observed, the plan of it, and what is told of what happened.

Desired and observed state come in. A view for every reader, events with their causes, and kept decisions go out.
"""

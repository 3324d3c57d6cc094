"""What the store remembers, one file a concern, each over the tables it needs.

The planner's values and messages come in. They go out again as they were committed, also after a restart.
"""

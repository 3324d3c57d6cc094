"""What the manager and the agents say to each other.

JSON comes in and messages go out, or the other way round. No message is known to one side only.
"""

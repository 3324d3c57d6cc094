"""What an action waits for: dependencies, rollouts, drains, other businesses, limits.

A draft of a plan comes in. The actions that have to wait, and what each waits for, go out.
"""

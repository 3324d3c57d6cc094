"""The planner's input and output, as frozen values that print well and compare by value.

`Desired`, `Observed` and a `Policy` come from the store; a `Plan` goes to the dispatcher, the API and the command line.
Everything a plan depends on is in its input, so the same input gives the same plan, byte for byte.
"""

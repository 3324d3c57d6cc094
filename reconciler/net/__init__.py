"""How our processes listen, who may call, and how they begin and end: shared by manager and agent.

An address, a token and an app come in. A server that can be ended at once, and a log on stderr, go out.
"""

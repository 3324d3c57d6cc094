"""What should run on this node, and making it so, whichever runtime runs it.

Deploys, stops and commands come in as messages. Calls to a runtime's few verbs and instance reports go out.
It knows neither Docker nor processes.
"""

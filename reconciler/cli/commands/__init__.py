"""The commands, one file a command or group, named as the command.

Words of a command line come in. A request or a computation, its printed result and an exit status go out.
"""

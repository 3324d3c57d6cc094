"""What commands share: settings, options, names, spec files, and the manager as they see it.

Flags, environment and files come in. Values that are checked, and requests, go out.
"""

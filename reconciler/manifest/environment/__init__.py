"""An environment: a folder of specs that says only what differs from bases, and the values of its variables.

Files and folders come in by their paths, as bytes. Businesses go out, each with the file that declares it, or what is
wrong by file and line.
"""

"""Where desired state comes from besides the REST API: directories and git repositories.

Files and commits come in. What they declare goes out as one reading of the whole, with what is wrong by file and
line.
"""

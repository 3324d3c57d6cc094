"""A watched directory as a source.

Events of the file system come in. Trees of spec files, each file whole, go out.
"""

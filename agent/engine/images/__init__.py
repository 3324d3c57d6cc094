"""Images on a node: brought by name or as a tar, told of, and removed when nothing uses them any more.

An image's name, URL and checksum come in. An image id on the Engine goes out, or the reason why it can't be had.
"""

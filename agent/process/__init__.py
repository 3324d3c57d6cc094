"""Components of type `process`: supervised programs of this host, with the life of a container.

Components and instance keys come in over the runtime's contract. Processes, their output and a record of each on disk
go out.
"""

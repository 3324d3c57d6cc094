"""Components of type `docker`: containers on a Docker Engine.

Components and instance keys come in over the runtime's contract. Calls of the Engine's API go out; labels on the
containers are all its memory.
"""

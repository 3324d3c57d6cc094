"""What of a container is not as its agent applied it.

The record of a create call and an inspect call's answer come in. Differences, field by field, go out.
"""

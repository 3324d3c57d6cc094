"""The `reconciler` command.

Words, files and settings come in. Requests to a manager go out, and answers for people or programs come back.
"""

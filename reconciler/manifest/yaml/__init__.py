"""Spec text as data that knows its lines: documents, and the layers of an environment laid over each other.

Bytes of files come in. Plain data with the line of every value goes out, variables put in and bases merged.
"""

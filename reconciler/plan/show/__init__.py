"""The public form of a plan: its document, its schema, its hash, and the bytes that it moves.

A plan comes in. JSON-able data goes out, the same for the API, the command line and saved files.
"""

"""The database under the store: opening it safely, its tables and migrations, rows to and from values.

A URL comes in. One locked connection at the newest schema goes out.
"""

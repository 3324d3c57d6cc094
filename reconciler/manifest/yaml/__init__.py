"""Spec text as plain data that knows its lines, within bounds.

Bytes of a YAML or JSON file come in. Documents with the line of every value go out, or all that keeps them from
being read.
"""

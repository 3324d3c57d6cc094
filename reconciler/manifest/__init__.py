"""What a business is: the model, loading with line numbers, validation, digests. No I/O but reading text.

YAML or JSON text comes in. Checked, normalised, immutable `Business` values go out, or problems with file and line.
"""

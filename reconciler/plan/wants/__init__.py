"""What should run: every instance of every business, in which version, with its references resolved.

Desired businesses and what runs come in. Desired instances with digest and shape go out.
"""

"""A branch of a git repository as a source: fetched, checked and read from its commit, without a checkout.

A URL, a branch and a path come in. Trees of spec files with the commit that they are of go out.
"""

"""Whether a document may be a business: the schema, its complaints in a person's words, and what no schema can say.

Plain data and normalised businesses come in. Problems, each with path, line and a near miss, go out.
"""

"""The proof that a plan settles: it is carried out in thought and made anew, and the second plan must be empty.

A plan and its input come in. The same plan without what would swing to and fro goes out.
"""

"""Questions about a plan: why here, what if, and the status words.

A plan and its input come in. Explanations, what each loss would leave without a place, and derived statuses go out.
"""

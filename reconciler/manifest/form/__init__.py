"""One spelling of everything: Compose's short and long forms, sizes and durations, in their normal form.

Data that the schema accepts comes in. The same data with one spelling goes out.
"""

"""What commands print: plans, tables, Markdown, JSON and YAML.

Data as the API gives it comes in. Text made harmless for a terminal goes out.
"""

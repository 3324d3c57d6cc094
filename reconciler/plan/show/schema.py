"""The schema of a plan's document."""

from importlib.resources import files


def plan_schema_text() -> str:
    """The JSON Schema (draft 2020-12) as it is in `schemas/plan.schema.json`."""
    return files("reconciler.plan.show").joinpath("plan.schema.json").read_text(encoding="utf-8")

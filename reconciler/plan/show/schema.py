"""The JSON Schema of a plan's document, made from the structs that it is written and read by."""

import json

import msgspec

from reconciler.plan.show.fields import HASHED, PreviewDocument

DESCRIPTION = (
    "What `reconciler diff -o json` prints and `POST /api/plan` answers. `hash` is the sha256 of the JSON of "
    f"{', '.join(f'`{name}`' for name in HASHED[:-1])} and `{HASHED[-1]}`, with sorted keys, no spaces, and UTF-8 that "
    "is not escaped."
)


def plan_schema_text() -> str:
    """Write the JSON Schema (draft 2020-12), as it is in `schemas/plan.schema.json`."""
    (_, parts) = msgspec.json.schema_components([PreviewDocument], ref_template="#/$defs/{name}")
    whole = parts.pop(PreviewDocument.__name__)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A plan of Reconciler"}
    form = head | {"description": DESCRIPTION} | {k: v for k, v in whole.items() if k not in ("title", "description")}
    return json.dumps(form | {"$defs": parts}, indent=2, ensure_ascii=False) + "\n"

"""Writes docs/spec-reference.md from the schema of specs, docs/cli.md from the commands, and the schema of plans from
the structs of their document; `--check` only compares.
"""

import json
import sys
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from reconciler.cli.main import main  # noqa: E402
from reconciler.manifest.check.schema import schema  # noqa: E402
from reconciler.plan.show.schema import plan_schema_text  # noqa: E402


def spec_reference() -> str:
    """Every field: its type, its default, what it is for."""
    whole = schema()
    lines = [
        "# Spec reference",
        "",
        "Written from [the schema](../schemas/business.schema.json) by `make docs`; change the schema, not this page.",
        "",
        "A file is YAML with any number of documents, or JSON. Names and meanings follow the Compose specification where the",
        "table does not say otherwise, and both of its spellings (short and long, list and map) are accepted. Keys that begin",
        "with `x-` are ignored; other unknown fields are errors. Let your editor check a file with this first line:",
        "",
        "```yaml",
        "# yaml-language-server: $schema=../schemas/business.schema.json",
        "```",
        "",
        "Components of type `process` take `command`, `working_dir`, `user`, `environment_variables`, `config_files`, `ports` (promised, not",
        "published), `resource_requirements`, `affinity`, `replicas`, `healthcheck`, `restart`, `stop_signal`, `stop_grace_period`, `ulimits` and `labels`.",
    ]
    for title, node in (("Business", whole), ("Component", whole["$defs"]["component"])):
        lines += ["", f"## {title}", "", "| field | type | default | meaning |", "|---|---|---|---|"]
        lines += _rows(node, "", set(node.get("required", ())))
    return "\n".join(lines) + "\n"


def _rows(node: dict[str, Any], prefix: str, required: set[str]) -> list[str]:
    rows = []
    for name, field in node["properties"].items():
        default = "required" if name in required else f"`{json.dumps(field['default'])}`" if "default" in field else ""
        examples = field.get("examples", ())
        example = f" Example: `{json.dumps(examples[0])}`" if examples else ""
        meaning = (field["description"] + example).replace("|", "\\|")
        rows.append(f"| `{prefix}{name}` | {_kind(field)} | {default} | {meaning} |")
        for inner, mark in _inner(field):
            rows += _rows(inner, f"{prefix}{name}{mark}.", set(inner.get("required", ())))
    return rows


def _kind(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return "component"
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if "anyOf" in field:
        return str(field["x-allowed"]).replace("|", "\\|")
    if field["type"] == "array":
        inner = field["items"]
        return f"list of {'components' if '$ref' in inner else _kind(inner)}"
    words = {"object": "map", "string": "text", "integer": "whole number", "boolean": "true or false"}
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    return " or ".join(words.get(kind, kind) for kind in kinds)


def _inner(field: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """The maps with named fields inside a field, and how they are reached."""
    found = []
    for candidate, mark in ((field, ""), (field.get("items", {}), "[]"), (field.get("additionalProperties", {}), ".*")):
        if not isinstance(candidate, dict):
            continue
        for branch in (candidate, *candidate.get("anyOf", ())):
            if branch.get("properties"):
                found.append((branch, mark))
    return found


def cli_reference() -> str:
    """Every command with its options."""
    lines = [
        "# Commands",
        "",
        "Written from the commands themselves by `make docs`. `--manager`, `--token-file` and `-o` may stand before or after the command's",
        "name. Flags beat the environment (`RECONCILER_MANAGER`, `RECONCILER_TOKEN`), which beats the config file",
        "(`~/.config/reconciler/config.yaml`, or the one `RECONCILER_CONFIG` names, with `manager`, `token_file`, `output`).",
        "",
        "Exit status: 0 done, 1 failed, 2 wrong use. `diff`: 0 in sync, 1 something would change, 2 error.",
    ]
    context = click.Context(main, info_name="reconciler")
    for name in main.list_commands(context):
        lines += _command(main.get_command(context, name), f"reconciler {name}", context)
    return "\n".join(lines) + "\n"


def _command(command: click.Command | None, path: str, parent: click.Context) -> list[str]:
    assert command is not None
    context = click.Context(command, parent=parent, info_name=path.split()[-1])
    arguments = " ".join(param.make_metavar(context) for param in command.params if isinstance(param, click.Argument))
    lines = ["", f"## {path}", "", f"`{path} {arguments}`".replace(" `", "`"), "", _paragraphs(command.help or "")]
    options = [param for param in command.params if isinstance(param, click.Option)]
    if options:
        lines += ["", "| option | meaning |", "|---|---|"]
        for option in options:
            record = option.get_help_record(context)
            if record:
                name, meaning = (text.replace("|", "\\|") for text in record)
                lines.append(f"| `{name}` | {meaning} |")
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            lines += _command(command.get_command(context, name), f"{path} {name}", context)
    return lines


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def run(check: bool) -> int:
    """Write the files, or say which differ."""
    status = 0
    for name, text in (
        ("docs/spec-reference.md", spec_reference()),
        ("docs/cli.md", cli_reference()),
        ("schemas/plan.schema.json", plan_schema_text()),
    ):
        path = ROOT / name
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{name} is not what the code says: run make docs")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(run("--check" in sys.argv[1:]))

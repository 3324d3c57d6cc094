"""`adopt`: write into its YAML file what somebody changed on a node."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from reconciler.cli.support.client import Client
from reconciler.cli.support.errors import CliError
from reconciler.cli.support.names import component_of
from reconciler.cli.support.options import with_client
from reconciler.cli.support.rewrite import CannotAdopt, rewritten
from reconciler.cli.support.specfiles import files_at
from reconciler.manifest.errors import SpecError
from reconciler.manifest.load import load_text

Form = dict[str, Any]


@click.command()
@click.argument("target", metavar="BUSINESS/COMPONENT")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@with_client
def adopt(client: Client, target: str, paths: tuple[str, ...]) -> None:
    """Write into its YAML file what somebody changed of a running component.

    PATH: the file that declares the business, or directories to look for it in; the current one if left out. The
    change that was made to the file is printed; apply the file, or let the manager read it, to have it hold. Comments
    and the order of fields stay.
    """
    business_id, component_id = component_of(target)
    found = client.get(f"/api/businesses/{business_id}/drift")
    changes = agreed([one for one in found if one["component_id"] == component_id])
    if not changes:
        raise CliError(f"nothing of {target} differs from what was applied: there is nothing to adopt")
    path, text = declaring(business_id, paths or (".",), changes)
    try:
        new = rewritten(text, business_id, component_id, changes)
        load_text(new.encode(), str(path))
    except CannotAdopt as error:
        raise CliError(f"{path}: {error}") from None
    except SpecError as error:
        raise CliError(f"{path} is left as it is, for with the change it would not be valid: {error}") from None
    if new == text:
        click.echo(f"{path} says so already: apply it")
        return
    path.write_text(new)
    for line in difflib.unified_diff(text.splitlines(), new.splitlines(), str(path), str(path), lineterm="", n=1):
        click.echo(line)


def agreed(found: Sequence[Form]) -> dict[str, Any]:
    """Agree on what each changed field is now (None: absent). Raises CliError where instances differ."""
    changes: dict[str, Any] = {}
    where: dict[str, str] = {}
    for one in found:
        name = f"{one['component_id']}/{one['instance']}"
        field = one["field"]
        if field in changes and changes[field] != one["actual"]:
            raise CliError(
                f"{field} was changed to different values on {where[field]} and {name}: a component has one for all "
                "its instances, so write the one you want into the file"
            )
        changes[field], where[field] = one["actual"], name
    return changes


def declaring(business_id: str, paths: Sequence[str], changes: Form) -> tuple[Path, str]:
    """Find the one file that declares the business, and read its text. Raises CliError."""
    found = []
    for path in (file for given in paths for file in files_at(Path(given))):
        try:
            text = path.read_bytes().decode()
            declared = load_text(text.encode(), str(path))
        except (SpecError, OSError, UnicodeDecodeError):
            continue  # a file that can't be read declares nothing that could be adopted into
        if any(business.business_id == business_id for business in declared):
            found.append((path, text))
    told = ", ".join(sorted(changes))
    if not found:
        raise CliError(
            f"no file in {', '.join(paths)} declares {business_id}: name the file that does. If the business was given "
            f"over the API, change {told} in what you send (`reconciler get {business_id} -o yaml` shows the spec)"
        )
    if len(found) > 1:
        raise CliError(f"{business_id} is declared in {', '.join(str(path) for path, _ in found)}: name one of them")
    if found[0][0].suffix == ".json":
        raise CliError(f"{found[0][0]} is JSON, and only YAML files are written: change {told} in it by hand")
    return found[0]

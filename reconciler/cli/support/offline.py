"""Plans without a manager: computed of a state that `snapshot` wrote."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from reconciler.cli.support.errors import CliError, ProblemsError
from reconciler.manifest.errors import SpecError
from reconciler.manifest.model import Business
from reconciler.plan.ask.answers import explanation_form, survival_form
from reconciler.plan.ask.explain import explain
from reconciler.plan.ask.preview import preview
from reconciler.plan.ask.suppose import Suppose, losses, survival
from reconciler.plan.keep.state import State
from reconciler.plan.keep.state_json import StateError, from_json
from reconciler.plan.show.document import preview_document
from reconciler.plan.show.fields import PreviewDocument
from reconciler.wire.messages import InstanceKey

STATE_BYTES_MAX = 1024 * 1024 * 1024
STATE = click.option(
    "--state",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Compute here, of this state that `snapshot` wrote, without a manager.",
)
Form = dict[str, Any]


def read_file(path: Path) -> bytes:
    """Read the bytes of a state from its file. Raises CliError."""
    try:
        with click.open_file(str(path), "rb") as opened:
            data: bytes = opened.read(STATE_BYTES_MAX + 1)
    except OSError as error:
        raise CliError(f"{path} can't be read: {error.strerror or error}") from None
    if len(data) > STATE_BYTES_MAX:
        raise CliError(f"{path} is no state of a manager: it is larger than {STATE_BYTES_MAX} bytes")
    return data


def read_state(path: Path) -> State:
    """Read the state in a file. Raises CliError."""
    try:
        return from_json(read_file(path), str(path))
    except StateError as error:
        raise CliError(str(error)) from None


def plan_offline(path: Path, businesses: Sequence[Business] | None, suppose: Form) -> PreviewDocument:
    """Compute here what `POST /api/plan` answers. Raises CliError."""
    try:
        found = preview(read_state(path), businesses, suppose=msgspec.convert(suppose, Suppose))
    except SpecError as error:
        raise ProblemsError(error.problems) from None
    return preview_document(found.plan, found.state.desired, found.state.now)


def survive_offline(path: Path, by: str | None) -> list[Form]:
    """Compute what each loss would leave without a place. Raises CliError."""
    state = read_state(path)
    groups = losses(state.observed, by, state.policy, state.now)
    return survival_form(survival(state.desired, state.observed, groups, state.policy, state.now))


def explain_offline(path: Path, key: InstanceKey) -> Form:
    """Compute how an instance stands with every node. Raises CliError."""
    state = read_state(path)
    try:
        return explanation_form(explain(state.desired, state.observed, key, state.policy, state.now))
    except KeyError:
        raise CliError(f"{path} wants no {key.business_id}/{key.component_id}") from None

"""Plans as the manager answers them."""

from typing import Any

from reconciler.cli.support.errors import CliError
from reconciler.plan.show.document import DocumentError, read_preview
from reconciler.plan.show.fields import PreviewDocument


def preview_of(form: Any) -> PreviewDocument:
    """Read the plan in a manager's answer. Raises CliError."""
    try:
        return read_preview(form, "the manager's plan")
    except DocumentError as error:
        raise CliError(str(error)) from None

"""A format is a name and a number, and nothing else."""

from typing import Any

import pytest

from reconciler.plan.show.format import Format, format_of


@pytest.mark.parametrize("found", [Format("reconciler.plan", 2), Format("reconciler.saved-plan", 10)])
def test_what_is_written_is_read(found: Format) -> None:
    assert format_of({"format": str(found)}) == found


@pytest.mark.parametrize(
    "form",
    [
        None,
        [],
        "reconciler.plan/2",
        {},
        {"format": None},
        {"format": 2},
        {"format": "reconciler.plan"},
        {"format": "reconciler.plan/"},
        {"format": "reconciler.plan/two"},
        {"format": "reconciler.plan/²"},
        {"format": "reconciler.plan/-1"},
        {"format": "reconciler.plan/2\n"},
        {"format": "reconciler.plan/" + "9" * 5000},
    ],
)
def test_anything_else_is_no_format(form: Any) -> None:
    assert format_of(form) is None

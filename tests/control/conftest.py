"""What tests of control share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.helpers import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A manager without sources and nodes."""
    made = Site(tmp_path)
    yield made
    made.close()

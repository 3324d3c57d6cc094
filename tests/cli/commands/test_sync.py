"""`sync`: what was accepted, what waits, and what is wrong, each with its status."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Fleet


@pytest.fixture
def desired(fleet: Fleet) -> Iterator[Path]:
    """The watched directory; empty afterwards."""
    yield fleet.manager.desired
    for path in fleet.manager.desired.iterdir():
        path.unlink()
    fleet.cli("sync", "--prune")


def test_files_are_accepted_and_their_removal_is_told(fleet: Fleet, desired: Path, shop_file: Path) -> None:
    (desired / "shop.yaml").write_text(shop_file.read_text())
    first = fleet.cli("sync")
    assert first.returncode == 0 and first.stdout.splitlines()[-1].endswith("unchanged")
    assert fleet.cli("sync").stdout == "1 unchanged\n"
    (source,) = fleet.manager.get("/api/sources")
    assert source["businesses"] == ["shop"]
    (desired / "shop.yaml").unlink()
    held = fleet.cli("sync")
    assert held.returncode == 1 and "prune" in held.stderr, "all of a source goes only with a yes"
    assert fleet.cli("sync", "--prune").stdout.splitlines()[0] == "removed shop"


def test_a_bad_file_is_a_failure(fleet: Fleet, desired: Path) -> None:
    (desired / "bad.yaml").write_text("business_id: bad\n")
    done = fleet.cli("sync")
    assert done.returncode == 1 and "bad.yaml" in done.stderr and "components" in done.stderr
    unknown = fleet.cli("sync", "nothing")
    assert unknown.returncode == 1 and "there is no business 'nothing'" in unknown.stderr

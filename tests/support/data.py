"""Files that earlier versions wrote, kept as they are."""

from pathlib import Path

DATA = Path(__file__).parents[1] / "data"


def written(name: str) -> bytes:
    """Read one of the files in `tests/data`."""
    return (DATA / name).read_bytes()

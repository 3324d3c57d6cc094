"""What a source of desired state is: something that can be read as a whole, and tells when that is worth it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reconciler.manifest.model import Sync
from reconciler.source.files import SourceReading

POLL_SECONDS = 15.0
"""Time between two looks at a git repository that nobody tells of pushes."""


class Source(Protocol):
    """Where specs come from. What it declares is called `NAME/path`: names of sources are distinct."""

    @property
    def name(self) -> str:
        """What its files' names begin with."""

    @property
    def removal_seconds(self) -> float:
        """Seconds for which a business must have been missing until it counts as removed; 0 where reads are atomic."""

    def read(self) -> SourceReading:
        """Read what the source declares now, without waiting for anything far away."""

    def start(self, changed: Callable[[], None]) -> None:
        """Call `changed` soon after each change, from a thread of this source. The first call comes at once."""

    def look_again(self) -> None:
        """Call `changed` once more after the time that removals wait."""

    def refresh(self) -> None:
        """Bring what is read up to date with what is far away, and return then."""

    def close(self) -> None:
        """Stop watching."""


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """A source as it is configured: a `directory` or the URL of a `git` repository. `poll` is in seconds.

    `branch` "" is the repository's default one. `path` is the folder in the repository. `sync` is the policy of its
    businesses, as far as they have none of their own.
    """

    directory: Path | None = None
    git: str = ""
    name: str = ""
    branch: str = ""
    path: str = ""
    poll: float = POLL_SECONDS
    verify_signatures: bool = False
    sync: Sync = Sync()


class SourceError(Exception):
    """Sources that can't be together, or one that can't be; the text says why and what to do."""


def check_names(names: Sequence[str]) -> None:
    """Raise SourceError unless it can be told from a file's name which source it is of."""
    for number, name in enumerate(names):
        for other in names[:number]:
            if name == other:
                raise SourceError(f"two sources are called '{name}': give one of them another name")
            if name.startswith(f"{other}/") or other.startswith(f"{name}/"):
                raise SourceError(f"the sources '{other}' and '{name}' can't be told apart: give one another name")
        if name == "api":
            raise SourceError("no source can be called 'api': that is where the REST API's businesses are from")

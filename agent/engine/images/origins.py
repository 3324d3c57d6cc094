"""Which tar each loaded image came from, kept in files beside the downloads."""

import hashlib
from pathlib import Path

import msgspec

from agent.engine.images.download import Downloaded, shown
from agent.runtime.contract import RuntimeFailure


class Origin(msgspec.Struct, frozen=True):
    """Which tar an image was loaded from: what `missing` and `always` go by."""

    url: str
    sha256: str
    validator: str
    image_id: str


class Origins:
    """The origins of images by their names, a file each in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, name: str) -> Origin | None:
        """Find where the image of that name came from; None when it was not loaded by us, or nobody knows any more."""
        try:
            return msgspec.json.decode(self._file(name).read_bytes(), type=Origin)
        except (OSError, msgspec.MsgspecError):
            return None

    def remember(self, name: str, url: str, downloaded: Downloaded, image_id: str) -> None:
        """Note where the image of that name came from. Raises RuntimeFailure."""
        path = self._file(name)
        try:
            fresh = path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_bytes(msgspec.json.encode(Origin(url, downloaded.sha256, downloaded.validator, image_id)))
            fresh.replace(path)
        except OSError as error:
            raise RuntimeFailure(f"cannot note where {name} came from ({shown(url)}): {error}") from error

    def forget(self, name: str) -> None:
        """Forget where the image of that name came from: it is gone."""
        self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.origin"

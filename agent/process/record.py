"""What the process runtime remembers of an instance: a file beside the program, written before each step.

The file holds the whole deploy, secrets included, and is readable by root only.
"""

import os
import shutil
from pathlib import Path

import msgspec

from agent.runtime.contract import RuntimeFailure
from reconciler.manifest.model import ConfigFile
from reconciler.wire.messages import Deploy, InstanceKey, Status

OUTPUT_BYTES_MAX = 10 * 1024 * 1024
"""The size at which the output is moved to `output.log.1`."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An instance. `pid` and `ticks` (start time) name its program, None while there is none.

    `ended` says that it does not run and that nothing here starts it again.
    """

    deploy: Deploy
    container_id: str
    pid: int | None = None
    ticks: int | None = None
    status: Status = Status.STARTING
    message: str = ""
    restart_count: int = 0
    started_at: float | None = None
    ended: bool = False


class InstanceFolder:
    """The directory of one instance: its record, its files, its output."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = path / "files"
        self.log = path / "output.log"

    @classmethod
    def of(cls, root: Path, key: InstanceKey) -> "InstanceFolder":
        """Return the folder of an instance under the runtime's root."""
        return cls(root / key.business_id / key.component_id / str(key.instance))

    @classmethod
    def all(cls, root: Path) -> list["InstanceFolder"]:
        """Find every folder that has a record."""
        return [cls(record.parent) for record in sorted(root.glob("*/*/*/record.json"))]

    def read(self) -> Record | None:
        """Read the record; None when there is none that can be read."""
        try:
            return msgspec.json.decode((self.path / "record.json").read_bytes(), type=Record)
        except (OSError, msgspec.MsgspecError):
            return None

    def write(self, record: Record) -> None:
        """Replace the record as a whole."""
        temporary = self.path / "record.tmp"
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(record))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path / "record.json")

    def make(self, files: tuple[ConfigFile, ...], owner: tuple[int, int] | None) -> None:
        """Make the folder anew with these files. Raises RuntimeFailure."""
        try:
            shutil.rmtree(self.files, ignore_errors=True)
            self.files.mkdir(parents=True, mode=0o755)
            if owner:
                os.chown(self.files, *owner)
            for file in files:
                self._put(file, owner)
        except OSError as error:
            raise RuntimeFailure(f"its files can't be written: {error.strerror}: {error.filename}") from None

    def _put(self, file: ConfigFile, owner: tuple[int, int] | None) -> None:
        path = self.files / file.path.lstrip("/")
        if ".." in path.parts:
            raise RuntimeFailure(f"the config file {file.path} leaves the instance's directory")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.content, encoding="utf-8")
        path.chmod(int(file.mode, 8))
        if owner:
            os.chown(path, *owner)

    def rotate(self) -> None:
        """Move the output aside when it has become large; the program writes on at the start of the same file."""
        try:
            if self.log.stat().st_size > OUTPUT_BYTES_MAX:
                shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
                os.truncate(self.log, 0)
        except OSError:
            return

    def last_lines(self, count: int = 3, characters_max: int = 500) -> str:
        """Read the end of the output as one line, `characters_max` characters at most."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(file.seek(0, os.SEEK_END) - 4096, 0))
                lines = file.read().decode("utf-8", "replace").strip().splitlines()[-count:]
        except OSError:
            return ""
        return " | ".join(line.strip() for line in lines)[-characters_max:]

    def last_log(self, tail: int, bytes_max: int) -> tuple[list[str], int]:
        """Read the last `tail` lines of the output, of at most `bytes_max` bytes, and the place where they end."""
        try:
            size = self.log.stat().st_size
        except OSError:
            return [], 0
        lines, end = self.read_log(max(size - bytes_max, 0), bytes_max)
        return lines[len(lines) - min(tail, len(lines)) :], end

    def read_log(self, start: int, bytes_max: int) -> tuple[list[str], int]:
        """Read the output from byte `start` on (the first when it was rotated since), and the place where it ends."""
        try:
            with self.log.open("rb") as file:
                start = start if start <= file.seek(0, os.SEEK_END) else 0
                file.seek(start)
                data = file.read(bytes_max)
        except OSError:
            return [], 0
        whole = data[: data.rfind(b"\n") + 1] or data
        return whole.decode("utf-8", "replace").splitlines(), start + len(whole)

    def remove(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.path, ignore_errors=True)

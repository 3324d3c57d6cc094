"""The git command, as desired state needs it: fetch one commit, and read trees and commits without a checkout.

Nothing is ever checked out, so nothing is ever half-written. ssh and https work as git itself is configured; git never
asks anybody anything, and every call ends within a time.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from reconciler.manifest.secrets.redact import without_password
from reconciler.plan.model.desired import Commit

FETCH_SECONDS = 120.0
CALL_SECONDS = 30.0
OUTPUT_BYTES_MAX = 64 * 2**20
COMPLAINT_BYTES_MAX = 2**16
SUBJECT_LETTERS_MAX = 200
GOOD = "refs/reconciler/good"
FETCHED = "refs/reconciler/fetched"


class GitError(Exception):
    """git could not do it; the text is what it said, without passwords. `silent`: it only ended with an error."""

    def __init__(self, message: str, silent: bool = False) -> None:
        self.silent = silent
        super().__init__(message)


def git(
    *words: str,
    at: Path | None = None,
    data: bytes = b"",
    timeout: float = CALL_SECONDS,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """Give what a git command prints, without any hooks. Raises GitError with what it complains about.

    That is also raised when it takes too long, or prints more than OUTPUT_BYTES_MAX bytes.
    """
    where = ("-C", str(at)) if at is not None else ()
    with tempfile.TemporaryFile() as asked:
        asked.write(data)
        asked.seek(0)
        try:
            process = subprocess.Popen(
                ["git", "-c", f"core.hooksPath={os.devnull}", *where, *words],
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(env) if env is not None else quiet(os.environ),
                start_new_session=True,
            )
        except OSError as error:
            raise GitError(f"git can't be run: {error.strerror}") from None
    late = threading.Event()

    def stop() -> None:
        late.set()
        _end(process)

    timer = threading.Timer(timeout, stop)
    timer.start()
    complaint = _Complaint(process)
    try:
        output = process.stdout.read(OUTPUT_BYTES_MAX + 1) if process.stdout else b""
        if len(output) > OUTPUT_BYTES_MAX:
            raise GitError(f"git {words[0]} tells more than {OUTPUT_BYTES_MAX // 2**20} MiB: that is too much")
        process.wait()
    except BaseException:
        _end(process)
        raise
    finally:
        timer.cancel()
        if process.stdout:
            process.stdout.close()
    if late.is_set():
        raise GitError(f"took longer than {timeout:g} s")
    if process.returncode:
        said = _said(complaint.text())
        raise GitError(said or f"git {words[0]} ended with code {process.returncode}", silent=not said)
    return output


def quiet(environment: Mapping[str, str]) -> dict[str, str]:
    """Make an environment in which git asks nobody, speaks English, and is in no repository but the named one."""
    local = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"}
    kept = {
        name: value for name, value in environment.items() if name not in local | {"GIT_PREFIX", "GIT_QUARANTINE_PATH"}
    }
    return kept | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


class Mirror:
    """A bare repository that holds the newest commit of one branch of another one, and the last good one."""

    def __init__(self, directory: Path, url: str, branch: str) -> None:
        self.directory = directory
        self._url = url
        self._from = f"refs/heads/{branch}" if branch else "HEAD"
        self._ready = False

    def good(self) -> str:
        """Read the last good commit, "" when there is none yet."""
        with contextlib.suppress(GitError, OSError):
            self._prepare()
            return git("rev-parse", "-q", "--verify", GOOD, at=self.directory).decode().strip()
        return ""

    def keep(self, commit: str) -> None:
        """Remember this commit as the last good one. Raises GitError."""
        git("update-ref", GOOD, commit, at=self.directory)

    def fetch(self) -> Commit:
        """Fetch the branch's newest commit. Raises GitError."""
        self._prepare()
        options = ("--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--quiet", "--force")
        git("fetch", *options, "origin", f"+{self._from}:{FETCHED}", at=self.directory, timeout=FETCH_SECONDS)
        return commit_of(self.directory, FETCHED)

    def _prepare(self) -> None:
        """Make the repository where it is missing. Raises GitError."""
        if self._ready:
            return
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise GitError(f"{self.directory} can't be made: {error.strerror}") from None
        git("init", "--quiet", "--bare", "--template=", str(self.directory))
        git("config", "remote.origin.url", self._url, at=self.directory)
        self._ready = True


def commit_of(repository: Path, commit: str, env: Mapping[str, str] | None = None) -> Commit:
    """Read who made a commit, when and what for. Raises GitError."""
    form = "--format=%H%x00%an%x00%s%x00%ct"
    said = git("log", "-1", "--no-patch", "--no-show-signature", form, commit, "--", at=repository, env=env)
    sha, author, subject, at = said.decode("utf-8", "replace").strip("\n").split("\0")
    return Commit(sha, _line(author), _line(subject), float(at))


def signature_flaw(repository: Path, commit: str) -> str:
    """Say why git does not take a commit's signature for good; "" when it does."""
    try:
        git("verify-commit", commit, at=repository)
    except GitError as error:
        return "it has none" if error.silent else str(error)
    return ""


def _line(text: str) -> str:
    """Text that people wrote, fit to be shown in one line."""
    return "".join(character if character.isprintable() else " " for character in text)[:SUBJECT_LETTERS_MAX]


def _said(complaint: bytes) -> str:
    """The lines that say what is wrong, without passwords."""
    text = without_password(complaint.decode("utf-8", "replace"))
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("hint:")]
    telling = [line for line in lines if line.lower().startswith(("fatal:", "error:"))] or lines
    return _line(" ".join(telling[:3])) if telling else ""


class _Complaint:
    """The beginning of what git complains about; the rest is read and forgotten, however much a server says."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._text = b""
        self._thread = threading.Thread(target=self._read, args=(process.stderr,), daemon=True)
        self._thread.start()

    def text(self) -> bytes:
        """Give the complaint, once git has ended. A program that git leaves behind, such as ssh, is not waited for."""
        self._thread.join(1.0)
        return self._text

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            while heard := os.read(pipe.fileno(), COMPLAINT_BYTES_MAX):
                self._text = (self._text + heard)[:COMPLAINT_BYTES_MAX]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and what it started, such as ssh."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()

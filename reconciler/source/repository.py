"""The git command, as desired state needs it: fetch one commit, and read trees and commits without a checkout.

Nothing is ever checked out, so nothing is ever half-written. ssh and https work as git itself is configured; git never
asks anybody anything, and every call ends within a time.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from reconciler.plan.model import Commit
from reconciler.spec.redact import without_password

FETCH_SECONDS = 120.0
CALL_SECONDS = 30.0
MOST_SUBJECT = 200
GOOD = "refs/reconciler/good"
FETCHED = "refs/reconciler/fetched"


class GitError(Exception):
    """git could not do it; the text is what it said, without passwords."""


def git(
    *words: str,
    at: Path | None = None,
    data: bytes | None = None,
    timeout: float = CALL_SECONDS,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """What a git command prints. Raises GitError with what it complains about, also when it takes too long."""
    where = ("-C", str(at)) if at is not None else ()
    try:
        process = subprocess.Popen(
            ["git", *where, *words],
            stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(env) if env is not None else quiet(os.environ),
            start_new_session=True,
        )
    except OSError as error:
        raise GitError(f"git can't be run: {error.strerror}") from None
    try:
        output, complaint = process.communicate(data, timeout)
    except subprocess.TimeoutExpired:
        _end(process)
        raise GitError(f"took longer than {timeout:g} s") from None
    except BaseException:
        _end(process)
        raise
    if process.returncode:
        raise GitError(_said(complaint) or f"git {words[0]} ended with code {process.returncode}")
    return output


def quiet(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which git asks nobody, speaks English, and is in no repository but the one that is named."""
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
        """The last good commit, "" when there is none yet."""
        with contextlib.suppress(GitError, OSError):
            self._prepare()
            return git("rev-parse", "-q", "--verify", GOOD, at=self.directory).decode().strip()
        return ""

    def keep(self, commit: str) -> None:
        """Remember this commit as the last good one. Raises GitError."""
        git("update-ref", GOOD, commit, at=self.directory)

    def fetch(self) -> Commit:
        """The branch's newest commit, once it is here. Raises GitError."""
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
        git("init", "--quiet", "--bare", str(self.directory))
        git("config", "remote.origin.url", self._url, at=self.directory)
        self._ready = True


def commit_of(repository: Path, commit: str, env: Mapping[str, str] | None = None) -> Commit:
    """Who made a commit, when and what for. Raises GitError."""
    form = "--format=%H%x00%an%x00%s%x00%ct"
    said = git("show", "--no-patch", "--no-show-signature", form, commit, "--", at=repository, env=env)
    sha, author, subject, at = said.decode("utf-8", "replace").strip("\n").split("\0")
    return Commit(sha, _line(author), _line(subject), float(at))


def signature_flaw(repository: Path, commit: str) -> str:
    """Why git does not take a commit's signature for good; "" when it does."""
    try:
        git("verify-commit", commit, at=repository)
    except GitError as error:
        return str(error) if str(error) != "git verify-commit ended with code 1" else "it has none"
    return ""


def _line(text: str) -> str:
    """Text that people wrote, fit to be shown in one line."""
    return "".join(character if character.isprintable() else " " for character in text)[:MOST_SUBJECT]


def _said(complaint: bytes) -> str:
    """The lines that say what is wrong, without passwords."""
    text = without_password(complaint.decode("utf-8", "replace"))
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("hint:")]
    telling = [line for line in lines if line.lower().startswith(("fatal:", "error:"))] or lines
    return _line(" ".join(telling[:3])) if telling else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and what it started, such as ssh."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()

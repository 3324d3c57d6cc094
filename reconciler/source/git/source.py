"""A branch of a git repository as a source: fetched, checked, and read from its commit.

What could not be fetched, or is not signed where it has to be, changes nothing: the last good commit stays, also over
a restart of the manager. A force-push is just another commit.
"""

import contextlib
import hashlib
import logging
import posixpath
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from reconciler.manifest.errors import Problem
from reconciler.manifest.secrets.redact import without_password
from reconciler.plan.model.desired import Commit
from reconciler.source.files import SourceReading, read_specs
from reconciler.source.git.command import GitError, Mirror, commit_of, signature_flaw
from reconciler.source.git.tree import read_git_tree
from reconciler.source.source import SourceConfig, SourceError

log = logging.getLogger(__name__)

UNFETCHED = "has not been fetched yet"

_SCP = re.compile(r"(?:[^/@:]+@)?([^/:]+):(?!//)(.*)")


@dataclass(frozen=True, slots=True)
class GitState:
    """What is known of the repository: the reading of the last good commit, and what went wrong since ("" if nothing).

    `fetched_at` is when the last fetch succeeded (epoch seconds), `fetch_seconds` how long that took.
    """

    reading: SourceReading
    flaw: str = ""
    fetched_at: float | None = None
    fetch_seconds: float = 0.0


class GitSource:
    """The specs of one branch, under one path."""

    removal_seconds = 0.0

    def __init__(self, config: SourceConfig, mirrors: Path) -> None:
        """Raises SourceError for a URL or path that can't be."""
        self.config = config
        self.url = address(config.git)
        self.path = inner_path(config.path)
        self.name = config.name or git_name(self.url, config.branch, self.path)
        mark = hashlib.sha256(f"{self.url}\0{config.branch}\0{config.verify_signatures}".encode()).hexdigest()[:16]
        self._mirror = Mirror(mirrors / f"{_slug(self.name)}-{mark}", self.url, config.branch)
        self._fetching = threading.Lock()
        self._poked = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._changed: Callable[[], None] = lambda: None
        self.state = GitState(SourceReading(self.name, unreadable=UNFETCHED), flaw=UNFETCHED)
        self._take_good()

    def read(self) -> SourceReading:
        """Read what the last good commit declares, and what is wrong with newer ones."""
        reading, flaw = self.state.reading, self.state.flaw
        if reading.unreadable:
            why = f"{self.name} {flaw}" if flaw else f"{self.name}: {reading.unreadable}"
            return replace(reading, unreadable=why)
        if not flaw:
            return reading
        stays = f"; the commit {reading.commit.sha[:12]} stays" if reading.commit else ""
        return replace(reading, problems=(Problem(self.name, None, "", f"{flaw}{stays}"), *reading.problems))

    def start(self, changed: Callable[[], None]) -> None:
        """Fetch now and from then on regularly; call `changed` when there is something new."""
        self._changed = changed
        self._thread = threading.Thread(target=self._poll, name=f"git {self.name}", daemon=True)
        self._thread.start()

    def look_again(self) -> None:
        """Do nothing: a commit is whole and needs no second look."""

    def poke(self) -> None:
        """Fetch soon: somebody pushed."""
        self._poked.set()

    def refresh(self) -> None:
        """Fetch, and return when what was there at the call is here."""
        with self._fetching:
            self._fetch()

    def close(self) -> None:
        """Stop fetching."""
        self._stop.set()
        self._poked.set()
        if self._thread is not None:
            self._thread.join()

    def _poll(self) -> None:
        told: tuple[SourceReading, str] | None = None
        while not self._stop.is_set():
            self._poked.clear()
            try:
                self.refresh()
            except Exception:  # the thread must outlive whatever one look meets
                log.exception("%s could not be looked at", self.name)
            # What somebody else had fetched is told too: they may not have come to accept it.
            now = (self.state.reading, self.state.flaw)
            if now != told:
                told = now
                self._changed()
            self._poked.wait(self.config.poll)

    def _fetch(self) -> None:
        """Take the branch's newest commit, if it can be had and is good."""
        began = time.monotonic()
        try:
            commit = self._mirror.fetch()
        except GitError as error:
            self._fail(f"can't be fetched from {without_password(self.url)}: {error}")
            return
        took = time.monotonic() - began
        sha = commit.sha
        flaw = signature_flaw(self._mirror.directory, sha) if self.config.verify_signatures else ""
        if flaw:
            self._fail(f"has a commit {sha[:12]} whose signature is not good: {flaw}")
            return
        known = self.state.reading
        try:
            reading = known if known.commit == commit else self._read(commit)
            if reading is not known and not reading.unreadable:
                self._mirror.keep(sha)
        except GitError as error:
            self._fail(f"can't be read: {error}")
            return
        if reading.unreadable and not known.unreadable:
            self._fail(reading.unreadable)
            return
        self.state = GitState(reading, "", time.time(), took)

    def _fail(self, flaw: str) -> None:
        if self.state.flaw != flaw:
            log.warning("%s %s", self.name, flaw)
        self.state = replace(self.state, flaw=flaw)

    def _read(self, commit: Commit) -> SourceReading:
        return read_specs(read_git_tree(self._mirror.directory, commit, self.path, self.name)).under(self.config.sync)

    def _take_good(self) -> None:
        """Begin with the last good commit of an earlier run, whatever can be reached now."""
        with contextlib.suppress(GitError):
            sha = self._mirror.good()
            if sha and not (self.config.verify_signatures and signature_flaw(self._mirror.directory, sha)):
                self.state = GitState(self._read(commit_of(self._mirror.directory, sha)))


def address(url: str) -> str:
    """Check a repository's URL; a path of this machine becomes absolute. Raises SourceError."""
    if not url or url.startswith("-") or any(not character.isprintable() for character in url):
        raise SourceError(f"'{without_password(url)}' is no URL of a git repository")
    if "://" in url or (_SCP.fullmatch(url) and not Path(url).exists()):
        return url
    return str(Path(url).expanduser().resolve())


def inner_path(path: str) -> str:
    """Name a folder in the repository, "" for all of it. Raises SourceError for one outside."""
    normal = posixpath.normpath(path or ".").lstrip("/")
    if normal == ".." or normal.startswith("../") or ":" in normal:
        raise SourceError(f"--path '{path}' leads out of the repository")
    return "" if normal == "." else normal


def git_name(url: str, branch: str, path: str) -> str:
    """Name a source that was given no name: `infra@main/desired`."""
    name = posixpath.basename(repository_path(url)) or "git"
    return f"{name}{f'@{branch}' if branch else ''}{f'/{path}' if path else ''}"


def repository_path(url: str) -> str:
    """Find the part of a repository's URL that is the same over ssh and https: `team/infra`."""
    scp = None if "://" in url else _SCP.fullmatch(url)
    path = scp[2] if scp else urlsplit(url).path
    return path.strip("/").removesuffix(".git").rstrip("/")


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:60] or "git"

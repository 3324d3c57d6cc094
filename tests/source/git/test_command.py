"""The git command: what it complains about is told, and whether it said anything is known without reading it."""

import subprocess
from pathlib import Path

import pytest

from reconciler.source.git.command import GitError, commit_of, git, signature_flaw


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit, whose subject has a tab in it."""
    by = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", *by, "-C", tmp_path, "commit", "-q", "--allow-empty", "-m", "Raise\tthe limit"], check=True)
    return tmp_path


def test_a_commit_is_told_in_one_line(repository: Path) -> None:
    commit = commit_of(repository, "HEAD")
    assert (commit.author, commit.subject, len(commit.sha)) == ("Ada", "Raise the limit", 40)


def test_a_commit_without_a_signature_has_none(repository: Path) -> None:
    assert signature_flaw(repository, "HEAD") == "it has none"


def test_a_signature_of_no_commit_is_told_in_git_s_words(repository: Path) -> None:
    assert "not found" in signature_flaw(repository, "nowhere")


def test_an_error_tells_whether_git_said_why(repository: Path) -> None:
    with pytest.raises(GitError, match="ended with code 1") as wordless:
        git("rev-parse", "-q", "--verify", "refs/heads/none", at=repository)
    with pytest.raises(GitError, match="fatal: ") as worded:
        git("rev-parse", "--verify", "refs/heads/none", at=repository)
    assert wordless.value.silent and not worded.value.silent

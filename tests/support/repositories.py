"""Git repositories for tests, made with the git command that people have."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

IDENTITY = ("-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")


def git(where: Path, *words: str, check: bool = True, env: Mapping[str, str] | None = None) -> str:
    """What git prints, both outputs together."""
    done = subprocess.run(
        ["git", "-C", str(where), *IDENTITY, *words], capture_output=True, text=True, check=False, env=env
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout + done.stderr


class Repository:
    """A working tree and the bare repository it pushes to."""

    def __init__(self, root: Path, name: str = "infra") -> None:
        self.bare = root / f"{name}.git"
        self.work = root / f"{name}-work"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.bare)], check=True)
        subprocess.run(["git", "init", "-q", "-b", "main", str(self.work)], check=True)
        git(self.work, "remote", "add", "origin", str(self.bare))

    def write(self, files: Mapping[str, str | None]) -> None:
        """Put these texts into the working tree; None removes the file."""
        for path, text in files.items():
            file = self.work / path
            if text is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def commit(self, files: Mapping[str, str | None], message: str = "a change", *words: str) -> str:
        """Commit these texts; the commit's id."""
        self.write(files)
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "--allow-empty", "-m", message, *words)
        return git(self.work, "rev-parse", "HEAD").strip()

    def push(self, files: Mapping[str, str | None], message: str = "a change", *words: str) -> str:
        """Commit these texts and push them; the commit's id."""
        sha = self.commit(files, message, *words)
        git(self.work, "push", "-q", "--force", "origin", "HEAD")
        return sha


def spec(name: str, seconds: int = 600) -> str:
    """A business of one program."""
    return (
        f"business_id: {name}\nbusiness_name: {name}\ncomponents:\n"
        f"  - component_id: web\n    component_name: web\n    type: process\n    command: [sleep, '{seconds}']\n"
        "    stop_grace_period: 1s\n"
    )

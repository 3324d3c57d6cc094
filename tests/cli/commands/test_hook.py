"""`hook`: hooks are written beside those of others, and check what is staged or pushed."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Fleet
from tests.support.commands import command


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "fleet"
    (path / "desired").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(path)], check=True)
    return path


def test_hooks_are_installed_once_and_removed(repository: Path) -> None:
    hooks = repository / ".git" / "hooks"
    done = command("hook", "install", str(repository), "--manager", "http://127.0.0.1:1", "--plan", "--branch", "main")
    assert done.returncode == 0 and done.stdout.count("wrote ") == 5, done.stderr
    receive = (hooks / "pre-receive").read_text()
    assert "--manager http://127.0.0.1:1 hook run pre-receive --path desired --branch main --plan || exit 1" in receive
    assert "sync >&2 || echo" in (hooks / "post-commit").read_text()
    assert (hooks / "pre-commit").stat().st_mode & 0o111
    assert command("hook", "install", str(repository)).returncode == 0, "ours are written anew"
    assert command("hook", "uninstall", str(repository)).stdout.count("removed ") == 5
    assert command("hook", "uninstall", str(repository)).stdout == "there is none of ours\n"


def test_foreign_hooks_stay(repository: Path, tmp_path: Path) -> None:
    mine = repository / ".git" / "hooks" / "pre-commit"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("#!/bin/sh\ntrue\n")
    refused = command("hook", "install", str(repository))
    assert refused.returncode == 1 and f"{mine}: " in refused.stderr and mine.read_text() == "#!/bin/sh\ntrue\n"
    outside = command("hook", "install", str(tmp_path))
    assert outside.returncode == 1 and "is no git repository" in outside.stderr


def test_what_is_staged_is_checked_and_its_plan_shown(
    fleet: Fleet, repository: Path, shop_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    spec = repository / "desired" / "shop.yaml"
    spec.write_text(shop_file.read_text())
    subprocess.run(["git", "add", "."], check=True)
    shown = fleet.cli("hook", "run", "pre-commit", "--plan")
    assert shown.returncode == 0 and "1 to create" in shown.stdout, shown.stderr
    away = command("hook", "run", "pre-commit", "--plan", "--manager", "http://127.0.0.1:1")
    assert away.returncode == 0 and "no plan can be shown" in away.stderr, "it keeps nobody from their work"
    spec.write_text(spec.read_text().replace("type: process", "type: proces"))
    subprocess.run(["git", "add", "."], check=True)
    refused = command("hook", "run", "pre-commit")
    assert refused.returncode == 1 and "shop.yaml:" in refused.stderr and "proces" in refused.stderr


def test_what_is_no_push_is_wrong_use(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    done = command("hook", "run", "pre-receive", stdin="nonsense\n")
    assert done.returncode == 2 and "is no update of a branch" in done.stderr
    assert command("hook", "run", "pre-receive", stdin=f"{'0' * 40} {'0' * 40} refs/heads/gone\n").returncode == 0

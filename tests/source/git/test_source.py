"""A git repository as a source: what is fetched, what stays when it can't be, and what is refused."""

import json
import subprocess
import threading
from pathlib import Path

import pytest

from reconciler.source.git.source import GitSource, address, git_name, inner_path, repository_path
from reconciler.source.source import SourceConfig, SourceError
from tests.support.repositories import Repository, git, spec


@pytest.fixture
def infra(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def source(infra: Repository, tmp_path: Path, **more: object) -> GitSource:
    config = SourceConfig(git=str(infra.bare), **{"branch": "main", "path": "desired", **more})  # type: ignore[arg-type]
    return GitSource(config, tmp_path / "state")


def test_it_reads_the_newest_commit_and_tells_who_made_it(infra: Repository, tmp_path: Path) -> None:
    sha = infra.push({"desired/shop.yaml": spec("shop"), "desired/team/x.json": "", "README.md": "no"}, "Add the shop")
    found = source(infra, tmp_path)
    assert "has not been fetched yet" in found.read().unreadable
    found.refresh()
    reading = found.read()
    assert reading.declared["shop"].file == "infra@main/desired/shop.yaml"
    assert reading.silent == {"infra@main/desired/team/x.json"}
    assert reading.commit is not None
    assert (reading.commit.sha, reading.commit.author) == (sha, "Ada Lovelace")
    assert reading.commit.subject == "Add the shop" and reading.commit.at > 1e9


def test_the_mirror_is_shallow_and_holds_no_checkout(infra: Repository, tmp_path: Path) -> None:
    for number in range(3):
        infra.push({"desired/shop.yaml": spec("shop", 600 + number)})
    found = source(infra, tmp_path)
    found.refresh()
    mirror = next((tmp_path / "state").iterdir())
    assert git(mirror, "rev-list", "--count", "refs/reconciler/good").strip() == "1"
    assert not list(mirror.rglob("shop.yaml"))
    assert mirror.stat().st_mode & 0o077 == 0


def test_a_failed_fetch_keeps_the_last_good_commit_also_over_a_restart(infra: Repository, tmp_path: Path) -> None:
    infra.push({"desired/shop.yaml": spec("shop")})
    found = source(infra, tmp_path)
    found.refresh()
    infra.bare.rename(tmp_path / "away")
    found.refresh()
    again = source(infra, tmp_path)
    for each in (found, again):
        each.refresh()
        reading = each.read()
        assert set(reading.declared) == {"shop"} and not reading.unreadable
        assert "can't be fetched" in reading.problems[0].message and "stays" in reading.problems[0].message
    (tmp_path / "away").rename(infra.bare)
    found.refresh()
    assert not found.read().problems


@pytest.mark.parametrize(("change", "why"), [({"desired/shop.yaml": None, "README": "x"}, "has no folder 'desired'")])
def test_a_commit_without_the_folder_changes_nothing(
    infra: Repository, tmp_path: Path, change: dict[str, str | None], why: str
) -> None:
    infra.push({"desired/shop.yaml": spec("shop")})
    found = source(infra, tmp_path)
    found.refresh()
    infra.push(change)
    found.refresh()
    assert set(found.read().declared) == {"shop"} and why in found.read().problems[0].message
    fresh = GitSource(found.config, tmp_path / "other")
    fresh.refresh()
    assert why in fresh.read().unreadable


def test_a_branch_that_is_gone_keeps_what_it_had(infra: Repository, tmp_path: Path) -> None:
    infra.push({"desired/shop.yaml": spec("shop")})
    found = source(infra, tmp_path)
    found.refresh()
    git(infra.bare, "update-ref", "-d", "refs/heads/main")
    found.refresh()
    assert set(found.read().declared) == {"shop"} and "refs/heads/main" in found.read().problems[0].message


def test_a_force_push_is_just_another_commit(infra: Repository, tmp_path: Path) -> None:
    infra.push({"desired/shop.yaml": spec("shop")})
    infra.push({"desired/other.yaml": spec("other")})
    found = source(infra, tmp_path)
    found.refresh()
    git(infra.work, "reset", "-q", "--hard", "HEAD~1")
    sha = infra.push({"desired/third.yaml": spec("third")})
    found.refresh()
    assert set(found.read().declared) == {"shop", "third"} and not found.read().problems
    assert found.read().commit and found.read().commit.sha == sha


def test_links_and_submodules(infra: Repository, tmp_path: Path) -> None:
    (infra.work / "desired/base").mkdir(parents=True)
    (infra.work / "desired/.shared").mkdir()
    (infra.work / "desired/.shared/a.yaml").write_text(spec("a"))
    links = {"a.yaml": ".shared/a.yaml", "out.yaml": "../secrets.yaml", "abs.yaml": "/etc/passwd", "team": "../../.."}
    for name, target in (links | {"loop.yaml": "loop.yaml", "none.yaml": "base/none.yaml"}).items():
        (infra.work / "desired" / name).symlink_to(target)
    infra.push({"secrets.yaml": spec("secret"), "desired/base/b.yaml": spec("b")})
    found = source(infra, tmp_path)
    found.refresh()
    reading = found.read()
    assert set(reading.declared) == {"a", "b"}
    assert {path.removeprefix("infra@main/desired/") for path in reading.broken} == {
        *links,
        "loop.yaml",
        "none.yaml",
    } - {"a.yaml"}
    assert all("link" in problem.message for problem in reading.problems)


def test_an_environment_is_read_with_its_bases(infra: Repository, tmp_path: Path) -> None:
    base = spec("shop").replace("'600'", "'${var.SECONDS}'")
    prod = {"base": "../../base", "variables": {"SECONDS": "7"}}
    infra.push({"base/shop.yaml": base, "environments/prod/environment.yaml": json.dumps(prod), "x/y.yaml": spec("no")})
    found = source(infra, tmp_path, path="environments/prod")
    found.refresh()
    reading = found.read()
    assert not reading.problems and set(reading.declared) == {"shop"}
    assert reading.declared["shop"].business.components[0].command == ("sleep", "7")
    assert reading.declared["shop"].file == "infra@main/environments/prod/../../base/shop.yaml"
    infra.push({"base/shop.yaml": None})
    found.refresh()
    assert not found.read().declared and "../../base" in str(found.read().problems[0])


def test_a_file_that_is_too_large_and_one_with_an_odd_name(infra: Repository, tmp_path: Path) -> None:
    infra.push({"desired/big.yaml": "#" * (1024 * 1024 + 1), "desired/ä b\n.yaml": spec("odd")})
    found = source(infra, tmp_path)
    found.refresh()
    reading = found.read()
    assert set(reading.declared) == {"odd"} and "too large" in reading.problems[0].message


def test_what_somebody_else_had_fetched_is_told_too(infra: Repository, tmp_path: Path) -> None:
    infra.push({"desired/shop.yaml": spec("shop")})
    found = source(infra, tmp_path, poll=600.0)
    changed = threading.Event()
    found.start(changed.set)
    try:
        assert changed.wait(20), "the first fetch"
        changed.clear()
        infra.push({"desired/blog.yaml": spec("blog")})
        found.refresh()
        found.poke()
        assert changed.wait(20), "whoever had it fetched may not have come to read it"
    finally:
        found.close()


def test_pokes_and_polls_fetch_and_tell(infra: Repository, tmp_path: Path) -> None:
    infra.push({"desired/shop.yaml": spec("shop")})
    found = source(infra, tmp_path, poll=3600.0)
    changed = threading.Event()
    found.start(changed.set)
    try:
        assert changed.wait(20), "the first fetch"
        changed.clear()
        infra.push({"desired/shop.yaml": spec("shop", 601)})
        found.poke()
        assert changed.wait(20), "a push"
        assert found.read().declared["shop"].business.components[0].command == ("sleep", "601")
    finally:
        found.close()


@pytest.fixture
def signer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The options that sign a commit with a key that git is configured to allow."""
    keys = {}
    for name in ("allowed", "other"):
        key = tmp_path / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        keys[name] = key
    (tmp_path / "allowed_signers").write_text(f"ada@example.org {keys['allowed'].with_suffix('.pub').read_text()}")
    config = tmp_path / "gitconfig"
    config.write_text(f'[gpg]\n\tformat = ssh\n[gpg "ssh"]\n\tallowedSignersFile = {tmp_path / "allowed_signers"}\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    return [str(keys["allowed"]), str(keys["other"])]


def test_only_commits_with_a_good_signature_are_taken(infra: Repository, tmp_path: Path, signer: list[str]) -> None:
    good, other = signer

    def push(seconds: int, key: str | None) -> str:
        infra.write({"desired/shop.yaml": spec("shop", seconds)})
        git(infra.work, "add", "-A")
        sign = ["-c", f"user.signingkey={key}"] if key else []
        git(infra.work, *sign, "commit", "-q", "-m", "x", *(["-S"] if key else ["--no-gpg-sign"]))
        git(infra.work, "push", "-q", "origin", "HEAD")
        return git(infra.work, "rev-parse", "HEAD").strip()

    found = source(infra, tmp_path, verify_signatures=True)
    push(600, None)
    found.refresh()
    assert "signature is not good" in found.read().unreadable
    signed = push(601, good)
    found.refresh()
    assert not found.read().problems and found.read().commit.sha == signed  # type: ignore[union-attr]
    for key in (None, other):
        push(602 + bool(key), key)
        found.refresh()
        assert found.read().commit.sha == signed, "the last good one stays"  # type: ignore[union-attr]
        assert "signature is not good" in found.read().problems[0].message
    push(604, good)
    found.refresh()
    assert not found.read().problems


def test_passwords_in_urls_are_never_shown(tmp_path: Path) -> None:
    config = SourceConfig(git="http://bot:hunter2secret@127.0.0.1:1/infra.git", branch="main")
    found = GitSource(config, tmp_path)
    found.refresh()
    shown = found.read().unreadable
    assert "127.0.0.1" in shown and "hunter2secret" not in shown


def test_git_never_asks_and_never_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.source.git.command.FETCH_SECONDS", 0.3)
    silent = tmp_path / "ssh"
    silent.write_text("#!/bin/sh\nexec sleep 600\n")
    silent.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(silent))
    found = GitSource(SourceConfig(git="ssh://git@127.0.0.1:1/infra.git"), tmp_path / "state")
    found.refresh()
    assert "took longer than" in found.read().unreadable


@pytest.mark.parametrize(
    ("url", "branch", "path", "name"),
    [
        ("https://git.example.org/team/infra.git", "main", "desired", "infra@main/desired"),
        ("git@git.example.org:team/infra.git", "main", "", "infra@main"),
        ("ssh://git@git.example.org:22/infra", "", "", "infra"),
        ("/srv/git/infra.git", "prod", "a/b", "infra@prod/a/b"),
    ],
)
def test_names_tell_where_a_spec_is_from(url: str, branch: str, path: str, name: str) -> None:
    assert git_name(url, branch, path) == name


def test_repositories_are_the_same_over_ssh_and_https() -> None:
    urls = ("https://h/team/infra.git", "git@h:team/infra.git", "ssh://git@h:22/team/infra.git", "git@h:/team/infra")
    assert {repository_path(url) for url in urls} == {"team/infra"}


def test_what_can_be_no_url_or_path_is_refused() -> None:
    for url in ("--upload-pack=touch /tmp/x", "", "https://h/a\nb"):
        with pytest.raises(SourceError):
            address(url)
    for path in ("../x", "a/../../b", "a:b"):
        with pytest.raises(SourceError):
            inner_path(path)
    assert inner_path("./desired/") == "desired" and inner_path("/") == ""


def test_a_hostile_repository_runs_nothing_and_fills_no_memory(
    infra: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    script = f"#!/bin/sh\necho $0 >> {ran}\n"
    hooks = [tmp_path / "template/hooks", tmp_path / "hooks", infra.work / "hooks"]
    for folder in hooks:
        folder.mkdir(parents=True)
        for name in ("reference-transaction", "post-checkout", "post-merge", "fsmonitor-watchman"):
            (folder / name).write_text(script)
            (folder / name).chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(f"[init]\n\ttemplateDir = {tmp_path / 'template'}\n[core]\n\thooksPath = {tmp_path / 'hooks'}\n")
    hostile = f'[core]\n\tfsmonitor = touch {ran}\n\thooksPath = hooks\n[filter "x"]\n\tsmudge = touch {ran}\n'
    infra.push(
        {
            "config": hostile,
            "desired/config": hostile,
            "desired/.gitattributes": "*.yaml filter=x diff=x\n",
            ".gitmodules": f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch {ran}"\n\tupdate = !touch {ran}\n',
            "desired/shop.yaml": spec("shop"),
        }
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    found = source(infra, tmp_path)
    found.refresh()
    assert set(found.read().declared) == {"shop"} and not found.read().problems
    assert not ran.exists(), ran.read_text()
    outer = GitSource(SourceConfig(git=f"ext::sh -c touch% {ran}"), tmp_path / "other")
    outer.refresh()
    assert "not allowed" in outer.read().unreadable and not ran.exists()


def test_a_tree_that_unfolds_without_end_changes_nothing(
    infra: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.source.git.command.OUTPUT_BYTES_MAX", 2**20)
    infra.push({"desired/shop.yaml": spec("shop")})
    found = source(infra, tmp_path)
    found.refresh()
    kind, inner = "blob", git(infra.work, "rev-parse", "HEAD:desired/shop.yaml").strip()
    for _ in range(8):
        entries = "".join(f"{'100644' if kind == 'blob' else '040000'} {kind} {inner}\t{n}.yaml\n" for n in range(10))
        made = subprocess.run(
            ["git", "-C", str(infra.work), "mktree"], input=entries, capture_output=True, text=True, check=True
        )
        kind, inner = "tree", made.stdout.strip()
    top = subprocess.run(
        ["git", "-C", str(infra.work), "mktree"],
        input=f"040000 tree {inner}\tdesired\n",
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    bomb = git(infra.work, "commit-tree", "-m", "Ten to the eighth", top).strip()
    git(infra.work, "push", "-q", "--force", "origin", f"{bomb}:main")
    found.refresh()
    assert set(found.read().declared) == {"shop"} and "too much" in found.read().problems[0].message


def test_a_repository_that_never_had_the_folder_is_named_once(infra: Repository, tmp_path: Path) -> None:
    infra.push({"README": "x"})
    found = source(infra, tmp_path)
    found.refresh()
    assert found.read().unreadable.count("infra@main") == 1

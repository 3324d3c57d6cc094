"""Downloads survive broken transfers, and nothing that fails a check stays."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.engine.images.download import MIB, Download, shown
from agent.runtime.contract import RuntimeFailure
from tests.support.file_server import FileServer, serve_folder

CONTENT = bytes(range(256)) * 20_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FileServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "image.tar").write_bytes(CONTENT)
    with serve_folder(folder) as made:
        yield made


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "downloads"


def silent(share: float | None, line: str) -> None:
    """Nobody looks."""


def test_the_file_arrives_with_its_progress(server: FileServer, kept: Path) -> None:
    lines: list[tuple[float | None, str]] = []
    got = Download(f"{server.url}/image.tar", kept, sha256=SHA256).fetch(
        lambda share, line: lines.append((share, line))
    )
    assert got is not None
    assert (got.path.read_bytes(), got.sha256) == (CONTENT, SHA256)
    assert lines[-1] == (1.0, "downloading 4.9 of 4.9 MB")


def test_a_broken_transfer_goes_on_where_it_stopped(server: FileServer, kept: Path) -> None:
    server.breaks_after = [3 * MIB]
    got = Download(f"{server.url}/image.tar", kept).fetch(silent)
    assert got is not None and got.sha256 == SHA256
    assert [(wanted, status) for _, wanted, status in server.requests] == [(None, 200), (f"bytes={3 * MIB}-", 206)]


def test_a_later_download_goes_on_too(server: FileServer, kept: Path) -> None:
    server.breaks_after = [2 * MIB, MIB, MIB // 2]
    with pytest.raises(RuntimeFailure, match=r"the transfer broke after 3\.5 of 4\.9 MB"):
        Download(f"{server.url}/image.tar", kept).fetch(silent)
    got = Download(f"{server.url}/image.tar", kept).fetch(silent)
    assert got is not None and got.sha256 == SHA256
    assert server.requests[-1][1] == f"bytes={3 * MIB + MIB // 2}-"


def test_other_content_under_the_same_url_is_not_mixed_in(server: FileServer, kept: Path) -> None:
    server.breaks_after = [2 * MIB, 0, 0]
    with pytest.raises(RuntimeFailure):
        Download(f"{server.url}/image.tar", kept).fetch(silent)
    (server.folder / "image.tar").write_bytes(b"new" * MIB)
    got = Download(f"{server.url}/image.tar", kept).fetch(silent)
    assert got is not None and got.path.read_bytes() == b"new" * MIB


def test_unchanged_content_is_not_sent_again(server: FileServer, kept: Path) -> None:
    first = Download(f"{server.url}/image.tar", kept).fetch(silent)
    assert first is not None
    first.path.unlink()
    assert Download(f"{server.url}/image.tar", kept).fetch(silent, unless=first.validator) is None
    assert server.requests[-1][2] == 304


def test_a_wrong_checksum_names_both_and_keeps_nothing(server: FileServer, kept: Path) -> None:
    wrong = "0" * 64
    with pytest.raises(RuntimeFailure, match=f"has the sha256 {SHA256}, but image_sha256 says {wrong}"):
        Download(f"{server.url}/image.tar", kept, sha256=wrong).fetch(silent)
    assert list(kept.iterdir()) == []


def test_what_is_too_large_is_refused_before_it_is_fetched(server: FileServer, kept: Path) -> None:
    with pytest.raises(RuntimeFailure, match="is larger than the 1 MB allowed"):
        Download(f"{server.url}/image.tar", kept, largest=MIB).fetch(silent)
    assert list(kept.iterdir()) == []


def test_http_errors_are_said_with_the_url_without_its_secrets(server: FileServer, kept: Path) -> None:
    url = server.url.replace("://", "://user:hunter2@") + "/none.tar?token=hunter2"
    with pytest.raises(RuntimeFailure) as failure:
        Download(url, kept).fetch(silent)
    assert str(failure.value) == f"cannot download {server.url}/none.tar: HTTP 404 Not Found"


def test_redirects_are_followed_to_http_only(server: FileServer, kept: Path) -> None:
    server.redirects = {"/moved.tar": "/image.tar", "/away.tar": "file:///etc/passwd", "/round.tar": "/round.tar"}
    got = Download(f"{server.url}/moved.tar", kept).fetch(silent)
    assert got is not None and got.sha256 == SHA256
    with pytest.raises(RuntimeFailure, match="leads to something that is no http or https URL"):
        Download(f"{server.url}/away.tar", kept).fetch(silent)
    with pytest.raises(RuntimeFailure, match="redirects in a circle"):
        Download(f"{server.url}/round.tar", kept).fetch(silent)


def test_other_schemes_are_refused(kept: Path) -> None:
    with pytest.raises(RuntimeFailure, match="must start with http:// or https://"):
        Download("file:///etc/passwd", kept).fetch(silent)


def test_a_refused_connection_is_said(tmp_path: Path, kept: Path) -> None:
    with serve_folder(tmp_path) as gone:
        url = f"{gone.url}/image.tar"
    with pytest.raises(RuntimeFailure, match="the server refuses the connection"):
        Download(url, kept).fetch(silent)


def test_what_does_not_fit_on_the_disk_is_not_begun(server: FileServer, kept: Path) -> None:
    server.claims = 1 << 50
    with pytest.raises(RuntimeFailure, match=r"no room for http://127\S+/image.tar: it needs \d+ MB"):
        Download(f"{server.url}/image.tar", kept, largest=1 << 60).fetch(silent)


def test_a_disk_that_takes_nothing_is_said(server: FileServer) -> None:
    with pytest.raises(RuntimeFailure, match=r"cannot keep http://127\S+/image.tar in /dev/full"):
        Download(f"{server.url}/image.tar", Path("/dev/full/downloads")).fetch(silent)


def test_what_is_shown_of_a_url() -> None:
    assert shown("https://me:pw@host:8443/a/b.tar?sig=x#y") == "https://host:8443/a/b.tar"

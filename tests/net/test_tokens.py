"""How the shared token is found, and that it is never told."""

import logging
from pathlib import Path

import pytest

from reconciler.net.listen import ServeError
from reconciler.net.tokens import TokenCheck, read_token

TOKEN = "a-token-of-enough-letters"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"  {TOKEN}\n")
    path.chmod(0o600)
    return path


def test_the_file_is_read_before_the_environment(file: Path) -> None:
    assert read_token(file, {"RECONCILER_TOKEN": "another-token-of-enough-letters"}) == TOKEN
    assert read_token(None, {"RECONCILER_TOKEN": f"{TOKEN}\n"}) == TOKEN
    assert read_token(None, {}) is None


@pytest.mark.parametrize("text", ["", "short", "x" * 15, "with spaces in it", "schlüssel-mit-umlaut", "a\0" * 20])
def test_what_is_no_token_is_refused_without_telling_it(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(ServeError, match="16 to 4096 visible ASCII") as raised:
        read_token(file, {})
    assert not text or text not in str(raised.value)
    with pytest.raises(ServeError, match="RECONCILER_TOKEN"):
        read_token(None, {"RECONCILER_TOKEN": text})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ServeError, match=r"nothing can't be read: no such file"):
        read_token(tmp_path / "nothing", {})


def test_a_file_that_others_may_read_is_used_with_a_warning(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.chmod(0o644)
    assert read_token(file, {}) == TOKEN
    assert "chmod 600" in caplog.text
    assert TOKEN not in caplog.text
    assert caplog.records[0].levelno == logging.WARNING


def test_the_check_says_what_is_missing() -> None:
    check = TokenCheck(TOKEN)
    assert check.refusal(f"Bearer {TOKEN}") is None
    assert TOKEN not in repr(check)
    for header, code in [(None, 401), ("", 401), ("Bearer", 403), (TOKEN, 403), (f"Bearer {TOKEN}é", 403)]:
        refusal = check.refusal(header)
        assert refusal is not None and refusal[0] == code

"""The one secret that manager, agents and command line share, read from a file or the environment."""

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.net.listen import ServeError

log = logging.getLogger(__name__)

VARIABLE = "RECONCILER_TOKEN"
TOKEN_CHARACTERS_MIN = 16
TOKEN_CHARACTERS_MAX = 4096
OTHERS = 0o077


def read_token(file: Path | None, env: Mapping[str, str], what: str = "token") -> str | None:
    """The token in `file`, else in `RECONCILER_TOKEN`; None when neither is given. Errors call it `what`.

    White space around it is dropped. Raises ServeError, whose text never has the token in it, for a file that
    can't be read and for anything that is no token. A file that others may read is used, with a warning.
    """
    if file is None:
        text = env.get(VARIABLE)
        return _checked(text, VARIABLE) if text is not None else None
    try:
        with file.open("rb") as opened:
            data = opened.read(TOKEN_CHARACTERS_MAX + 1)
        others = file.stat().st_mode & OTHERS
    except OSError as error:
        raise ServeError(f"the {what} file {file} can't be read: {(error.strerror or str(error)).lower()}") from None
    if others:
        log.warning("the %s file %s can be read by other users: chmod 600 %s", what, file, file)
    return _checked(data.decode("latin-1"), f"the {what} file {file}", what)


def _checked(text: str, where: str, what: str = "token") -> str:
    token = text.strip()
    fits = TOKEN_CHARACTERS_MIN <= len(token) <= TOKEN_CHARACTERS_MAX
    if not fits or any(not "!" <= letter <= "~" for letter in token):
        raise ServeError(
            f"{where} holds no {what}: it must have {TOKEN_CHARACTERS_MIN} to {TOKEN_CHARACTERS_MAX} "
            "visible ASCII characters and no spaces; "
            "make one with: head -c 24 /dev/urandom | base64"
        )
    return token


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """Compares what a request brought with the token, in a time that tells nothing about it."""

    token: str = field(repr=False)

    def refusal(self, authorization: str | None) -> tuple[int, str] | None:
        """None when the `Authorization` header has the token; else the HTTP status and what to say."""
        if not authorization:
            return 401, "a token is needed: send 'Authorization: Bearer TOKEN'"
        expected = f"Bearer {self.token}".encode()
        if not hmac.compare_digest(authorization.encode("utf-8", "replace"), expected):
            return 403, "the token is not the right one"
        return None

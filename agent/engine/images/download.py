"""Downloading a tar: to disk as it comes, going on where a broken transfer stopped, checked, bounded."""

import hashlib
import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import requests
import urllib3

from agent.runtime.contract import ProgressCallback, RuntimeFailure

MIB = 1024 * 1024
TAR_BYTES_MAX = 20 * 1024 * MIB
DISK_FREE_BYTES_MIN = 64 * MIB
"""Disk space that a download must leave free."""
CHUNK_BYTES = MIB
CONNECT_SECONDS_MAX = 10.0
READ_SECONDS_MAX = 60.0
ATTEMPTS_MAX = 3
NOT_MODIFIED, PARTIAL, RANGE_REFUSED = 304, 206, 416


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A complete tar: where it lies, its sha256, and the server's name for this content ("" without one)."""

    path: Path
    sha256: str
    validator: str


class Part(msgspec.Struct, frozen=True):
    """Which content the partial file beside it is the start of."""

    url: str
    validator: str


class Broken(Exception):
    """The transfer stopped in the middle; trying again may go on from there."""


class Download:
    """One tar from one URL. A partial file stays after a failure and is continued by the next download."""

    def __init__(self, url: str, folder: Path, largest: int = TAR_BYTES_MAX, sha256: str | None = None) -> None:
        self._url = url
        self._largest = largest
        self._sha256 = sha256.lower().removeprefix("sha256:") if sha256 else None
        self._path = folder / f"{hashlib.sha256(url.encode()).hexdigest()[:24]}.part"
        self._note = self._path.with_suffix(".json")

    def fetch(self, progress: ProgressCallback, unless: str = "") -> Downloaded | None:
        """Download the tar; None when the server says that its content is still the one `unless` names.

        Raises RuntimeFailure with the reason.
        """
        if urlsplit(self._url).scheme not in ("http", "https"):
            raise RuntimeFailure(f"image_url {shown(self._url)} must start with http:// or https://")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            validator = self._transfer_with_retries(progress, unless)
            if validator is None:
                return None
            return Downloaded(self._path, self._checked(), validator)
        except OSError as error:
            with suppress(OSError):
                self._forget()
            raise RuntimeFailure(f"cannot keep {shown(self._url)} in {self._path.parent}: {error.strerror}") from error

    def _transfer_with_retries(self, progress: ProgressCallback, unless: str) -> str | None:
        pause = threading.Event()
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                return self._transfer(progress, unless)
            except Broken as broken:
                if attempt == ATTEMPTS_MAX:
                    raise RuntimeFailure(str(broken)) from broken
                progress(None, f"{broken}; trying again")
                pause.wait(attempt * 0.5)
        return None

    def _transfer(self, progress: ProgressCallback, unless: str) -> str | None:
        """Get what is missing of the file; the content's validator, or None when it is `unless`."""
        have, part = self._partial()
        headers = {"Accept-Encoding": "identity"}
        if have and part is not None:
            headers |= {"Range": f"bytes={have}-", "If-Range": part.validator}
        elif unless:
            headers |= {"If-None-Match" if '"' in unless else "If-Modified-Since": unless}
        with self._ask(headers) as response:
            if response.status_code == NOT_MODIFIED:
                return None
            if response.status_code == RANGE_REFUSED:
                self._forget()
                raise Broken(f"the server can't go on with {shown(self._url)}")
            if not response.ok:
                code = f"HTTP {response.status_code} {response.reason or ''}".strip()
                raise RuntimeFailure(f"cannot download {shown(self._url)}: {code}")
            goes_on = response.status_code == PARTIAL and self._content_starts_at(response) == have
            return self._write(response, have if goes_on else 0, progress)

    def _ask(self, headers: dict[str, str]) -> requests.Response:
        try:
            timeouts = (CONNECT_SECONDS_MAX, READ_SECONDS_MAX)
            return requests.get(self._url, headers=headers, stream=True, timeout=timeouts)
        except (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL) as error:
            raise RuntimeFailure(f"{shown(self._url)} leads to something that is no http or https URL") from error
        except requests.exceptions.TooManyRedirects as error:
            raise RuntimeFailure(f"{shown(self._url)} redirects in a circle") from error
        except requests.exceptions.SSLError as error:
            raise RuntimeFailure(f"{shown(self._url)}: the server's certificate is not trusted here") from error
        except requests.Timeout as error:
            raise Broken(f"cannot download {shown(self._url)}: the server does not answer") from error
        except requests.RequestException as error:
            raise Broken(f"cannot download {shown(self._url)}: {connection_reason(error)}") from error

    def _write(self, response: requests.Response, have: int, progress: ProgressCallback) -> str:
        length = response.headers.get("Content-Length")
        total = have + int(length) if length is not None and length.isdecimal() else None
        self._refuse_too_much(have, total)
        validator = validator_of(response)
        if validator:
            self._note.touch(mode=0o600)
            self._note.write_bytes(msgspec.json.encode(Part(self._url, validator)))
        else:
            self._note.unlink(missing_ok=True)
        try:
            with self._path.open("ab" if have else "wb") as file:
                for chunk in response.raw.stream(CHUNK_BYTES, decode_content=False):
                    have += len(chunk)
                    self._refuse_too_much(have, None)
                    file.write(chunk)
                    progress(have / total if total else None, f"downloading {amount(have, total)}")
        except (urllib3.exceptions.HTTPError, ConnectionError) as error:
            raise Broken(
                f"cannot download {shown(self._url)}: the transfer broke after {amount(have, total)}"
            ) from error
        if total is not None and have < total:
            raise Broken(f"cannot download {shown(self._url)}: the transfer broke after {amount(have, total)}")
        return validator

    def _refuse_too_much(self, have: int, total: int | None) -> None:
        if max(have, total or 0) > self._largest:
            self._forget()
            raise RuntimeFailure(f"{shown(self._url)} is larger than the {self._largest / MIB:.0f} MB allowed")
        if total is None:
            return
        free = shutil.disk_usage(self._path.parent).free
        if total - have + DISK_FREE_BYTES_MIN > free:
            raise RuntimeFailure(
                f"no room for {shown(self._url)}: it needs {(total - have + DISK_FREE_BYTES_MIN) / MIB:.0f} MB and "
                f"{self._path.parent} has {free / MIB:.0f} MB free"
            )

    def _checked(self) -> str:
        with self._path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        self._note.unlink(missing_ok=True)
        if self._sha256 is not None and found != self._sha256:
            self._forget()
            raise RuntimeFailure(
                f"{shown(self._url)} has the sha256 {found}, but image_sha256 says {self._sha256}; it was thrown away"
            )
        return found

    def _partial(self) -> tuple[int, Part | None]:
        """How many bytes are there of which content: none where that is not known for sure."""
        try:
            part = msgspec.json.decode(self._note.read_bytes(), type=Part)
            return (self._path.stat().st_size, part) if part.url == self._url else (0, None)
        except (OSError, msgspec.MsgspecError):
            return 0, None

    def _content_starts_at(self, response: requests.Response) -> int | None:
        unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
        start = rest.partition("-")[0]
        return int(start) if unit == "bytes" and start.isdecimal() else None

    def _forget(self) -> None:
        self._path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


def validator_of(response: requests.Response) -> str:
    """Read what names this content for sure, to ask for the rest of it: a strong ETag or its date; "" without one."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "")


def amount(have: int, total: int | None) -> str:
    """Spell `12.3 of 80.0 MB`, for people."""
    return f"{have / MIB:.1f} MB" if total is None else f"{have / MIB:.1f} of {total / MIB:.1f} MB"


def connection_reason(error: Exception) -> str:
    """Say why a server can't be reached, without what requests adds to it."""
    text = str(error)
    if "Connection refused" in text:
        return "the server refuses the connection"
    if "Name or service not known" in text or "name resolution" in text or "Failed to resolve" in text:
        return "the server's host name is not known on this node"
    return "the connection broke"


def shown(url: str) -> str:
    """Spell a URL as messages may have it: without user, password and query, which can hold secrets."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"

"""A web server for a folder of image tars: Range, ETag, counts of requests, and failures on demand."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class FileServer:
    """What the server was asked for, and how it shall behave.

    `claims` is the length it pretends a file has. `statuses` are answered instead of the file, one a request.
    `breaks_after` are bytes after which a transfer is cut, one a request. A request waits for `gate` after its
    headers are sent.
    """

    folder: Path
    url: str = ""
    requests: list[tuple[str, str | None, int]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    breaks_after: list[int] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    claims: int | None = None
    gate: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def serve_folder(folder: Path) -> Iterator[FileServer]:
    """Serve the folder on a free loopback port. `requests` lists (path, Range, status)."""
    state = FileServer(folder)
    state.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            wanted = self.headers.get("Range")
            if path in state.redirects:
                self.answer(302, path, wanted, {"Location": state.redirects[path], "Content-Length": "0"})
                return
            with state.lock:
                status = state.statuses.pop(0) if state.statuses else 0
            file = state.folder / path.lstrip("/")
            if status or not file.is_file():
                self.answer(status or 404, path, wanted, {"Content-Length": "0"})
                return
            content = file.read_bytes()
            tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            if self.headers.get("If-None-Match") == tag:
                self.answer(304, path, wanted, {"ETag": tag})
                return
            start = 0
            headers = {"ETag": tag}
            if wanted and self.headers.get("If-Range") in (None, tag):
                start = int(wanted.removeprefix("bytes=").partition("-")[0])
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            body = content[start:]
            self.answer(
                206 if start else 200, path, wanted, headers | {"Content-Length": str(state.claims or len(body))}
            )
            state.gate.wait(30)
            with state.lock:
                cut = state.breaks_after.pop(0) if state.breaks_after else None
            self.wfile.write(body if cut is None else body[:cut])
            self.close_connection = True

        def answer(self, status: int, path: str, wanted: str | None, headers: dict[str, str]) -> None:
            with state.lock:
                state.requests.append((path, wanted, status))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that goes away in the middle is part of the tests."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()

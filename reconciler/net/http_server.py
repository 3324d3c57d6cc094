"""Serving an app over HTTP in a thread, so that it can be ended at once without cutting off an answer.

The server library's own `close` leaves connections that clients keep open, and with them its thread, for minutes.
"""

import socket as sockets
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

THREADS = 8
END_SECONDS = 5.0
PAUSE_SECONDS = 0.01


class HttpServer:
    """Serves a WSGI app on a bound socket until `close`. Bodies beyond `max_body` bytes are refused unread."""

    def __init__(self, app: Callable[..., Any], bound: sockets.socket, max_body: int) -> None:
        self._watched: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._watched,
            sockets=[bound],
            threads=THREADS,
            max_request_body_size=max_body,
            ident=None,
            clear_untrusted_proxy_headers=True,
        )
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)

    def start(self) -> None:
        """Answer requests from now on."""
        self._thread.start()

    def close(self) -> None:
        """Take no new request, let those under way be answered (for a few seconds), and end."""
        self._server.trigger.pull_trigger(self._stop_accepting)
        deadline = monotonic() + END_SECONDS
        pause = threading.Event()
        while self._server.active_channels and monotonic() < deadline:
            self._server.trigger.pull_trigger(self._close_idle)
            pause.wait(PAUSE_SECONDS)
        self._server.task_dispatcher.shutdown(timeout=max(0.0, deadline - monotonic()))
        self._server.trigger.pull_trigger(self._end)
        self._thread.join(END_SECONDS)
        self._server.trigger.close()

    # These run in the server's own thread, which alone may touch its connections.

    def _stop_accepting(self) -> None:
        wasyncore.dispatcher.close(self._server)

    def _close_idle(self) -> None:
        for channel in tuple(self._server.active_channels.values()):
            if not channel.requests and not channel.total_outbufs_len:
                channel.handle_close()

    def _end(self) -> None:
        """The loop ends when it has nothing to watch."""
        for channel in tuple(self._server.active_channels.values()):
            channel.handle_close()
        self._watched.clear()

"""What every long-running command does with its process: its log, its memory, its end."""

import ctypes
import gc
import logging
import os
import signal
import sys

ARENA_MAX = -8
"""glibc's M_ARENA_MAX: how many heaps malloc may keep for its threads."""

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def log_to_stderr(level: str = "INFO") -> None:
    """Write log lines of this level and above to stderr: time, level, who, what."""
    logging.basicConfig(level=level.upper(), format=FORMAT, stream=sys.stderr, force=True)
    for chatty in ("urllib3", "docker", "waitress.queue", "watchfiles"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))


def save_memory() -> None:
    """Keep a process of many threads small: two malloc arenas, and no collector walking what was imported.

    Call it once everything is imported. Where the C library has no such setting nothing is lost.
    """
    try:
        ctypes.CDLL(None).mallopt(ARENA_MAX, 2)
    except (OSError, AttributeError):
        logging.getLogger(__name__).debug("this C library has no mallopt")
    gc.collect()
    gc.freeze()


def wait_for_signal() -> int:
    """Wait for SIGTERM or SIGINT and return its number. For the main thread; a second signal ends at once.

    A pipe that the interpreter writes to can't miss a signal that comes just before the wait, nor deadlock.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: None)
    try:
        while (number := os.read(reader, 1)[0]) not in (signal.SIGTERM, signal.SIGINT):
            continue
        return number
    finally:
        for wanted in (signal.SIGTERM, signal.SIGINT):
            signal.signal(wanted, signal.SIG_DFL)
        signal.set_wakeup_fd(before)
        os.close(reader)
        os.close(writer)

"""What a container wrote, in pieces that fit into memory.

The Engine's times (RFC 3339, always nine decimals, UTC) are the cursor: they sort as text.
"""

from datetime import UTC, datetime

from docker import APIClient

from agent.runtime.contract import LOG_BYTES_MAX, LogQuery
from agent.runtime.log_cursor import LogCursor
from reconciler.wire.streams import LogChunk, LogLine


def read_logs(client: APIClient, container_id: str, wanted: LogQuery) -> LogChunk:
    """Read the lines after the cursor if it is of this container, else the last ones. Raises DockerException."""
    cursor = LogCursor.parse(wanted.cursor)
    seen, goes_on = cursor.place, cursor.container_id == container_id
    since = int(datetime.fromisoformat(seen).timestamp()) if goes_on and seen else int(wanted.since)
    before = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"
    stream = client.logs(
        container_id,
        stream=True,
        follow=False,
        timestamps=True,
        tail="all" if wanted.cursor else wanted.tail,
        since=since or None,
    )
    lines: list[LogLine] = []
    size, last = 0, seen if goes_on else before
    try:
        for frame in stream:
            at, _, text = frame.decode("utf-8", "replace").partition(" ")
            if goes_on and at <= seen:
                continue
            size += len(frame)
            last = at
            lines.append(LogLine(at=at, text=text.rstrip("\r\n")))
            if size > LOG_BYTES_MAX:
                break
    finally:
        stream.close()
    return LogChunk(lines=tuple(lines), cursor=str(LogCursor(container_id, last)))

"""The frames of a command come out of a stream as they went in, however it was cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.wire.codec import MessageError
from reconciler.wire.exec_stream import FRAME_BYTES_MAX, frame_line, read_frames
from reconciler.wire.streams import ExecFrame

FRAMES = st.builds(
    ExecFrame,
    stream=st.sampled_from(["", "stdout", "stderr"]),
    text=st.text(),
    exit_code=st.none() | st.integers(0, 255),
    error=st.text(),
)


@given(st.lists(FRAMES), st.integers(1, 50))
def test_any_cut_gives_the_same_frames(frames: list[ExecFrame], size: int) -> None:
    data = b"".join(map(frame_line, frames))
    chunks = [data[place : place + size] for place in range(0, len(data), size)]
    assert list(read_frames(chunks)) == frames


def test_the_longest_piece_of_output_fits() -> None:
    frame = ExecFrame(stream="stdout", text="\x01" * 32 * 1024)
    assert len(frame_line(frame)) < FRAME_BYTES_MAX
    assert list(read_frames([frame_line(frame)])) == [frame]


@pytest.mark.parametrize(
    "chunks", [[b"{"], [b"{}\n[]\n"], [b"<html>\n"], [b'{"stream": "web"}\n'], [b"a" * FRAME_BYTES_MAX, b"a"]]
)
def test_what_is_no_stream_is_refused(chunks: list[bytes]) -> None:
    with pytest.raises(MessageError):
        list(read_frames(chunks))

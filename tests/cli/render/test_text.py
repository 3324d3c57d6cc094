"""Text from elsewhere does nothing to a terminal, and reads as it is otherwise."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.render.tables import json_text, plain, yaml_text
from reconciler.cli.render.text import counted, say, some_of, visible


def test_control_characters_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert visible("a\x1b[2J\x9b\u202eß\n") == "a\\x1b[2J\\x9b\\u202eß\\n"
    say("two\nlines")
    assert capsys.readouterr().out == "two\\nlines\n"
    assert plain("[bold]x") == "\\[bold]x"


def test_numbers_have_their_noun() -> None:
    assert (counted(1, "stop"), counted(0, "stop"), counted(2, "business", "businesses")) == (
        "1 stop",
        "0 stops",
        "2 businesses",
    )


def test_long_lists_are_cut() -> None:
    assert some_of(["a", "b"], 2) == "a, b"
    assert some_of(["a", "b", "c", "d"], 2) == "a, b and 2 more"


@given(st.text())
def test_programs_read_what_was_meant(text: str) -> None:
    data = {"message": text, "list": [text]}
    for written, read in ((json_text(data, indent=2), json.loads), (yaml_text(data), yaml.safe_load)):
        assert all(letter.isprintable() or letter == "\n" for letter in written)
        assert read(written) == data

"""Tables, JSON and YAML; and text from elsewhere, made harmless."""

import json

import pytest
import yaml

from reconciler.cli.render.tables import age, machine, plain, status, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("web", "web"),
        ("grüß 日本", "grüß 日本"),
        ("[red]x[/]", r"\[red]x\[/]"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        (7, "7"),
    ],
)
def test_control_characters_are_made_visible_and_markup_is_text(text: object, shown: str) -> None:
    assert plain(text) == shown


def test_a_piped_table_is_aligned_text(capsys: pytest.CaptureFixture[str]) -> None:
    table(("NAME", "STATUS"), [(plain("shop"), status("running")), (plain("a-long-name"), status("failed"))])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["NAME         STATUS", "shop         running", "a-long-name  failed"]


def test_programs_get_json_or_yaml_and_people_neither(capsys: pytest.CaptureFixture[str]) -> None:
    data = {"name": "grüß dich", "list": [1, None]}
    assert machine(data, "json") and json.loads(capsys.readouterr().out) == data
    assert machine(data, "yaml") and yaml.safe_load(capsys.readouterr().out) == data
    assert not machine(data, "table")
    assert capsys.readouterr().out == ""


def test_an_age_is_in_its_largest_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert age(None) == ""
    assert age("2000-01-01T00:00:00Z").endswith("d")
    assert age("2999-01-01T00:00:00Z") == "0s"

"""A plan on a terminal, or piped."""

import pytest

from reconciler.cli.render.plan import order, plan_lines, show_plan, staying, summary
from reconciler.plan.model.plan import Kind
from tests.cli.render.plans import MEMORY, action, everything, golden, preview


def test_a_whole_plan_is_printed_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    show_plan(everything())
    printed = capsys.readouterr().out
    assert printed == golden("plan.txt", printed)


def test_the_markup_is_as_it_was() -> None:
    lines = "\n".join(plan_lines(everything())) + "\n"
    assert lines == golden("plan.markup", lines)


def test_nothing_to_do_is_one_line() -> None:
    assert list(plan_lines(preview(unchanged=7))) == ["In sync: nothing to do, 7 unchanged."]


def test_drift_alone_is_not_in_sync() -> None:
    plan = preview(drifted=everything().drifted, unchanged=1)
    assert not plan.in_sync
    assert summary(plan) == "Drifted: 1 left so, nothing to do, 1 unchanged."


def test_what_waits_and_what_is_not_accepted_is_counted() -> None:
    plan = preview(pending=everything().pending, deferred=everything().deferred)
    assert summary(plan) == (
        "Plan 0123456789ab: 0 to create, 0 to update, 0 to stop, 1 not accepted, 1 waiting, 0 unchanged."
    )


@pytest.mark.parametrize(
    ("waiting", "words"),
    [
        (0, "Order: 2 at once."),
        (1, "Order: 1 at once, 1 after what is said beside it."),
        (2, "Order: 0 at once, 2 after"),
    ],
)
def test_what_begins_at_once_is_told_from_what_waits(waiting: int, words: str) -> None:
    plan = preview(
        action(Kind.CREATE, "shop/web/0", waits_for=("shop/db/0",) if waiting > 1 else ()),
        action(Kind.CREATE, "shop/web/1", blocked_by="waits" if waiting else None),
    )
    assert order(plan).startswith(words)


def test_many_businesses_that_stay_are_counted() -> None:
    assert staying(preview(stays={f"b{number:02}/web/0": "a" for number in range(12)})).endswith("b09 1 and of 2 more")


def test_what_comes_from_elsewhere_can_neither_move_the_cursor_nor_be_markup(
    capsys: pytest.CaptureFixture[str],
) -> None:
    evil = "\x1b[2J[red]x[/]\n\u202e"
    change = type(MEMORY)(field=evil, old=evil, new=evil)
    plan = preview(
        action(Kind.UPDATE, "shop/web/0", evil, reason=evil, blocked_by=evil, changes=(change,), source=evil),
        prune_blocked=evil,
    )
    show_plan(plan)
    printed = capsys.readouterr().out
    assert "\x1b" not in printed and "\u202e" not in printed
    assert printed.count("\\x1b[2J[red]x[/]\\n\\u202e") == 8

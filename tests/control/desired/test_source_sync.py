"""Removals are believed once they were seen for a while."""

from reconciler.control.desired.source_sync import Patience


def test_a_removal_waits_until_it_has_been_missing_for_a_while() -> None:
    patience = Patience()
    assert patience.ripe("desired", ("a", "b"), 10.0, 1.0) == ()
    assert patience.ripe("desired", ("a", "b", "c"), 10.5, 1.0) == ()
    assert patience.ripe("desired", ("a", "c"), 11.0, 1.0) == ("a",)
    assert patience.ripe("desired", ("b", "c"), 11.5, 1.0) == ("c",), "b was back meanwhile"


def test_each_source_is_asked_for_itself_and_some_need_no_patience() -> None:
    patience = Patience()
    assert patience.ripe("desired", ("a",), 10.0, 1.0) == ()
    assert patience.ripe("infra@main", ("a",), 11.0, 1.0) == ()
    assert patience.ripe("infra@main", ("a",), 11.0, 0.0) == ("a",)


def test_a_clock_that_was_set_back_keeps_nothing_waiting_for_ever() -> None:
    patience = Patience()
    assert patience.ripe("desired", ("a",), 1000.0, 1.0) == ()
    assert patience.ripe("desired", ("a",), 10.0, 1.0) == ()
    assert patience.ripe("desired", ("a",), 11.0, 1.0) == ("a",)

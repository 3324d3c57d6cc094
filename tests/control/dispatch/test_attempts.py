"""One attempt is one event: what was asked for and has not come is asked again, and told once."""

from dataclasses import replace

import pytest

from reconciler.control.dispatch.attempts import AGAIN, FORGET_SECONDS, Attempts, Sight
from reconciler.plan.model.blockers import Paused
from reconciler.plan.model.plan import Action, Kind
from reconciler.plan.model.reasons import NotRunning
from reconciler.wire.messages import Reservation
from reconciler.wire.reports import Drift
from tests.control.helpers import Clock
from tests.support.planning import key

CREATE = Action(Kind.CREATE, key("shop/web/0"), "a", NotRunning(), digest="d1")
STOP = replace(CREATE, kind=Kind.STOP, digest="")
PLACE = CREATE.allocation_id
CAME = Sight("d1", "c1", 10.0)


def nothing(_: object) -> None:
    """What is seen of an instance that no node has."""


class Story:
    """Plans that follow each other; what is sent of each, and what is news."""

    def __init__(self) -> None:
        self.clock = Clock(100.0)
        self.attempts = Attempts(self.clock, lambda: 0.5)

    def plans(self, *actions: Action, sees: Sight | None = None) -> tuple[int, int]:
        """How many actions of the next plan are sent, and how many are news."""
        due = self.attempts.follow(actions, lambda _: sees)
        for action in due:
            self.attempts.end(self.attempts.begin(action), "")
        news = self.attempts.untold(actions)
        self.attempts.tell(news)
        return len(due), len(news)


@pytest.fixture
def story() -> Story:
    return Story()


def test_asking_again_is_spaced_out_and_no_news(story: Story) -> None:
    assert story.plans(CREATE) == (1, 1)
    assert story.plans(CREATE) == (0, 0)
    assert story.attempts.next_due() == AGAIN.first
    story.clock.passes(AGAIN.first)
    assert story.plans(CREATE) == (1, 0)
    assert story.attempts.next_due() == 2 * AGAIN.first


def test_what_is_held_for_a_turn_is_no_news_when_it_is_due_again(story: Story) -> None:
    assert story.plans(CREATE) == (1, 1)
    story.clock.passes(10)
    assert story.plans(replace(CREATE, blocked_by=Paused("shop"))) == (0, 0)
    assert story.attempts.next_due() is None, "nothing is due while it waits"
    assert story.plans(CREATE) == (1, 0)


def test_what_a_silent_node_keeps_out_of_the_plan_is_no_news_when_it_is_back(story: Story) -> None:
    assert story.plans(CREATE) == (1, 1)
    story.clock.passes(10)
    assert story.plans() == (0, 0)
    assert story.attempts.next_due() is None
    assert story.plans(CREATE) == (1, 0)


def test_an_update_that_has_not_come_is_one_attempt_whatever_the_old_version_does(story: Story) -> None:
    update = replace(CREATE, kind=Kind.UPDATE, digest="d2")
    assert story.plans(update, sees=CAME) == (1, 1)
    story.clock.passes(10)
    assert story.plans(sees=Sight("d1", "c1", 12.0)) == (0, 0)
    assert story.plans(update, sees=Sight("d1", "c1", 14.0)) == (1, 0)
    assert story.plans(sees=Sight("d2", "c2", 16.0)) == (0, 0)
    story.clock.passes(10)
    assert story.plans(update, sees=Sight("d2", "c2", 18.0)) == (1, 1), "it came and failed: this is another attempt"


def test_what_came_and_is_wanted_again_is_another_attempt(story: Story) -> None:
    assert story.plans(CREATE) == (1, 1)
    assert story.plans(sees=CAME) == (0, 0)
    story.clock.passes(10)
    assert story.plans(CREATE) == (1, 1), "it has gone again"


@pytest.mark.parametrize(
    "changed",
    [
        replace(CAME, drift=(Drift(field="resource_requirements.memory_mb", expected="32", actual="24"),)),
        replace(CAME, reservation=Reservation(memory_mb=24)),
    ],
)
def test_what_is_set_back_without_a_new_container_and_changes_again_is_another_attempt(
    story: Story, changed: Sight
) -> None:
    heal = replace(CREATE, kind=Kind.UPDATE)
    for _ in range(3):
        story.clock.passes(10)
        assert story.plans(heal, sees=changed) == (1, 1)
        assert story.plans(sees=CAME) == (0, 0)


def test_a_failure_that_is_seen_with_what_came_is_another_attempt_in_the_same_turn(story: Story) -> None:
    assert story.plans(CREATE) == (1, 1)
    story.clock.passes(10)
    assert story.plans(CREATE, sees=CAME) == (1, 1)


def test_a_stop_is_told_once_until_what_it_ends_has_gone(story: Story) -> None:
    assert story.plans(STOP, sees=CAME) == (1, 1)
    story.clock.passes(10)
    assert story.plans(STOP, sees=Sight("d1", "c1", 15.0)) == (1, 0), "it is stopping"
    assert story.plans() == (0, 0)
    story.clock.passes(10)
    assert story.plans(STOP, sees=Sight("d1", "c2", 20.0)) == (1, 1), "there is another"


def test_another_digest_and_another_direction_are_other_attempts(story: Story) -> None:
    assert story.plans(CREATE) == (1, 1)
    assert story.plans(replace(CREATE, digest="d2")) == (1, 1)
    assert story.plans(STOP) == (1, 1)
    assert story.plans(replace(CREATE, digest="d2")) == (1, 1)


def test_what_was_sent_stays_news_until_it_is_on_record(story: Story) -> None:
    (due,) = story.attempts.follow([CREATE], nothing)
    attempt = story.attempts.begin(due)
    assert story.attempts.follow([CREATE], nothing) == [], "the call is under way"
    assert story.attempts.untold([CREATE]) == [CREATE]
    story.attempts.end(attempt, "")
    story.attempts.tell([CREATE])
    assert story.attempts.untold([CREATE]) == []


def test_failures_slow_the_next_attempt_down_until_they_are_forgotten(story: Story) -> None:
    for _ in range(3):
        story.plans(CREATE)
        story.clock.passes(60)
    story.plans(sees=CAME)
    assert story.plans(CREATE) == (1, 1)
    assert story.attempts.next_due() == pytest.approx(8.0)
    story.plans()
    story.clock.passes(FORGET_SECONDS + 1)
    story.plans()
    assert story.plans(CREATE) == (1, 1)
    assert story.attempts.next_due() == pytest.approx(1.0)


def test_errors_are_shown_for_what_is_still_wanted(story: Story) -> None:
    (due,) = story.attempts.follow([CREATE], nothing)
    story.attempts.end(story.attempts.begin(due), "no room")
    assert story.attempts.errors() == {PLACE: "no room"}
    story.plans()
    assert story.attempts.errors() == {}

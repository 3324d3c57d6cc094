"""Sync policies: what a source says and is not accepted now, or not removed, and why."""

from dataclasses import replace

import pytest

from reconciler.manifest.model import Business, Component, Sync, Window
from reconciler.plan.model.desired import DesiredBusiness
from reconciler.source.decide import Decision, decide
from reconciler.source.deferral import Asked
from reconciler.source.files import Declared, SourceReading

NOW = 1772488800.0  # 2026-03-02 22:00 UTC
BY_DAY = Window(kind="allow", schedule="0 8 * * *", duration=36000.0)
MANUAL = Sync(mode="manual")
CLOSED = Sync(windows=(BY_DAY,))
OPENS = 1772524800.0  # 2026-03-03 08:00 UTC
TILL = "its sync windows are closed until 2026-03-03 08:00 UTC"


def shop(name: str, sync: Sync | None = None, image: str = "nginx:1", after: tuple[str, ...] = ()) -> Business:
    component = Component(component_id="web", component_name="web", image_name=image)
    return Business(
        business_id=name,
        business_name=name,
        components=(component,),
        sync=sync or Sync(),
        depends_on_businesses=after,
    )


def files(*businesses: Business, name: str = "desired") -> SourceReading:
    declared = {one.business_id: Declared(one, f"{name}/{one.business_id}.yaml") for one in businesses}
    return SourceReading(name, declared)


def known(*businesses: Business, **more: object) -> dict[str, DesiredBusiness]:
    entries = (DesiredBusiness(one, source=f"desired/{one.business_id}.yaml") for one in businesses)
    return {entry.business.business_id: replace(entry, **more) for entry in entries}  # type: ignore[arg-type]


def decided(read: SourceReading, businesses: dict[str, DesiredBusiness], asked: Asked | None = None) -> Decision:
    return decide([read], businesses, asked or Asked(NOW))[read.name]


def waits(decision: Decision) -> dict[str, tuple[str, float | None]]:
    return {one.business_id: (one.reason, one.until) for one in decision.deferred}


def accepted(decision: Decision) -> list[str]:
    return [one.business.business_id for one in decision.accept]


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize(
    ("sync", "reason"),
    [
        (MANUAL, ("sync mode is manual: 'reconciler sync a' accepts it", None)),
        (CLOSED, (TILL, OPENS)),
        (Sync(mode="manual", windows=(BY_DAY,)), (TILL, OPENS)),
    ],
)
def test_what_the_policy_keeps_out_waits(new: bool, sync: Sync, reason: tuple[str, float | None]) -> None:
    before = {} if new else known(shop("a", sync))
    decision = decided(files(shop("a", sync, "nginx:2"), shop("b")), before)
    assert accepted(decision) == ["b"] and waits(decision) == {"a": reason}


def test_an_open_window_lets_in() -> None:
    decision = decided(files(shop("a", CLOSED)), {}, Asked(OPENS))
    assert accepted(decision) == ["a"] and not decision.deferred


def test_naming_a_business_accepts_it_in_manual_mode_and_opens_no_window() -> None:
    read = files(shop("a", MANUAL), shop("b", MANUAL), shop("c", CLOSED))
    decision = decided(read, {}, Asked(NOW, named=("a", "c")))
    assert accepted(decision) == ["a"] and sorted(waits(decision)) == ["b", "c"]


def test_a_paused_business_takes_nothing_new_however_it_is_asked_for() -> None:
    decision = decided(files(shop("a", image="nginx:2")), known(shop("a"), paused=True), Asked(NOW, named=("a",)))
    assert waits(decision) == {"a": ("paused: 'reconciler resume a' goes on", None)}


def test_a_new_policy_alone_is_accepted_at_once_and_the_files_own_one_counts() -> None:
    before = known(shop("a", MANUAL), shop("b"))
    decision = decided(files(shop("a", Sync(prune=False)), shop("b", CLOSED)), before)
    assert accepted(decision) == ["a", "b"]
    decision = decided(files(shop("a", Sync(), "nginx:2"), shop("b", MANUAL, "nginx:2")), before)
    assert [one.business for one in decision.accept] == [shop("a", Sync(), "nginx:2"), shop("b", MANUAL)]
    assert list(waits(decision)) == ["b"]


GONE = "desired/a.yaml no longer declares it, and it is kept: "


@pytest.mark.parametrize(
    ("sync", "paused", "reason"),
    [
        (Sync(prune=False), False, ("prune is off: 'reconciler sync --prune a' removes it", None)),
        (MANUAL, False, ("sync mode is manual: 'reconciler sync a' removes it", None)),
        (CLOSED, False, (TILL, OPENS)),
        (Sync(), True, ("paused: 'reconciler resume a' goes on", None)),
    ],
)
def test_what_the_policy_keeps_stays_when_its_file_goes(
    sync: Sync, paused: bool, reason: tuple[str, float | None]
) -> None:
    before = known(shop("a", sync), paused=paused) | known(shop("b"), shop("c"), shop("d"))
    decision = decided(files(shop("b"), shop("c")), before)
    assert decision.remove == ("d",) and not decision.prune_blocked
    assert waits(decision) == {"a": (GONE + reason[0], reason[1])}
    assert decision.deferred[0].declared is None


def test_a_new_policy_holds_though_what_comes_with_it_waits() -> None:
    before, both = shop("shop"), shop("shop", Sync(mode="manual", prune=False), image="nginx:2")
    decision = decided(files(both), known(before))
    assert waits(decision) == {"shop": ("sync mode is manual: 'reconciler sync shop' accepts it", None)}
    (policy,) = (one.business for one in decision.accept)
    assert policy == shop("shop", both.sync), "the policy alone"
    again = decided(files(both), known(policy))
    assert not again.accept and again.deferred
    gone = decided(files(shop("blog")), known(policy, shop("blog")))
    assert gone.remove == () and "prune is off" in gone.deferred[0].reason
    pinned = decided(files(both), known(before, pinned=1))
    assert not pinned.accept, "what was rolled back stays pinned"


def test_naming_a_business_removes_it_and_what_is_never_pruned_needs_two_words() -> None:
    before = known(shop("a", MANUAL), shop("b", Sync(prune=False)), shop("c"), shop("d"), shop("e"))
    left = files(shop("c"), shop("d"), shop("e"))
    assert decided(left, before, Asked(NOW, named=("a", "b"))).remove == ("a",)
    assert decided(left, before, Asked(NOW, prune=True)).remove == ()
    assert decided(left, before, Asked(NOW, prune=True, named=("b",))).remove == ("b",)


def test_those_that_would_wait_for_each_other_are_refused_and_the_others_are_not() -> None:
    before = known(shop("a"), shop("b", after=("a",)))
    one = files(shop("a", after=("c",)), shop("b", after=("a",)), shop("d"))
    two = files(shop("c", after=("b",)), name="infra")
    decisions = decide([one, two], before, Asked(NOW))
    assert [accepted(decision) for decision in decisions.values()] == [["d"], []]
    told = {problem.file: problem.message for decision in decisions.values() for problem in decision.problems}
    assert told["desired/a.yaml"].startswith("goes round in a circle: a → c → b → a")
    assert told["infra/c.yaml"].startswith("goes round in a circle: c → b → a → c")


def test_a_refused_one_counts_as_it_was() -> None:
    before = known(shop("a", after=("b",)), shop("b"))
    decision = decided(files(shop("a", after=("a2",)), shop("a2", after=("a",)), shop("b", after=("a",))), before)
    assert accepted(decision) == [], "b would close a circle with the a that there was"
    assert len(decision.problems) == 3 and not decision.remove


def test_a_source_s_policy_is_completed_by_each_business_s_own() -> None:
    reading = files(shop("a"), shop("b", Sync(mode="auto", windows=()))).under(Sync(mode="manual", windows=(BY_DAY,)))
    assert reading.declared["a"].business.sync == Sync(mode="manual", windows=(BY_DAY,))
    assert reading.declared["b"].business.sync == Sync(mode="auto", windows=())
    assert files(shop("a")).under(Sync()) == files(shop("a"))

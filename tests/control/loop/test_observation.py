"""What plans are made of: reports, this manager's own silence, and nodes that come and go."""

from reconciler.plan.model.observed import NodeHealth
from reconciler.plan.schedule.node_health import node_health
from tests.control.helpers import Site
from tests.support.planning import NOW, business, component


def health(site: Site, node_id: str = "a") -> NodeHealth:
    return site.manager.view().node_health[node_id]


def test_no_silence_is_counted_from_before_the_manager_listened(site: Site) -> None:
    """Rule 13: what the manager could not hear is no silence."""
    site.nodes("a")
    site.clock.passes(3600)
    site.restarts()
    assert health(site) is NodeHealth.READY
    site.clock.passes(16)
    site.turns()
    assert health(site) is NodeHealth.SUSPECT
    site.clock.passes(45)
    site.turns()
    assert health(site) is NodeHealth.LOST


def test_reading_remembers_nothing(site: Site) -> None:
    """A dry run between two turns doesn't make a node that is back count as lost once more."""
    site.nodes("a")
    for _ in range(2):
        site.clock.passes(61)
        site.turns()
        site.reports()
        first, second = site.manager.dry_runs.state(), site.manager.dry_runs.state()
        assert first == second
        site.turns()
    (flapping,) = {node.flapping_until for node in site.manager.dry_runs.state().observed.nodes.values()}
    assert flapping == site.clock.now + 60


def test_a_node_that_came_and_went_gets_nothing_new_for_a_while(site: Site) -> None:
    site.nodes("a")
    for _ in range(2):
        site.passes(65, "a")
        site.reports()
        site.turns()
    site.deploys(business("shop", component("web")))
    site.turns()
    assert site.status() == "pending"
    site.passes(65)
    assert site.running() == ["shop/web/0 on a"]


def test_the_loop_turns_when_a_silence_passes_a_limit(site: Site) -> None:
    site.nodes("a")
    site.turns()
    assert site.manager.loop.seconds_until_due() == 15
    site.clock.passes(16)
    site.turns()
    assert site.manager.loop.seconds_until_due() == 30, "the housekeeping comes before the node is lost"
    site.clock.passes(40)
    assert site.manager.loop.seconds_until_due() == 4


def test_a_state_has_the_time_it_is_of(site: Site) -> None:
    site.nodes("a")
    state = site.manager.dry_runs.state()
    assert state.now == NOW
    assert node_health(state.observed.nodes["a"], state.policy, state.now) is NodeHealth.READY

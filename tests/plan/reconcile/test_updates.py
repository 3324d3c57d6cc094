"""Changed specs: in place where the new version fits, elsewhere where it does not, and in the right order."""

from reconciler.plan.model.plan import Kind, Plan
from tests.support.planning import World, business, component, key, node


def waits(plan: Plan) -> dict[str, list[str]]:
    return {str(action.key): [str(other) for other in action.waits_for] for action in plan.actions if action.waits_for}


def test_a_changed_component_is_updated_where_it_runs() -> None:
    world = World(node("a"), node("b")).wants(business("shop", component(), component("db"))).settles()
    world.node("a", cordoned=True)
    world.wants(business("shop", component(image_name="web:2"), component("db")))
    assert world.lines() == ["update shop/web/0 on b: spec changed"]
    (action,) = world.plan().actions
    assert [(change.field, change.old, change.new) for change in action.changes] == [("image_name", "web:1", "web:2")]
    assert action.old_digest != action.digest
    world.settles()


def test_a_cordoned_node_still_updates_what_it_runs() -> None:
    world = World(node("a"), node("b")).wants(business("shop", component())).settles()
    world.node("a", cordoned=True)
    world.wants(business("shop", component(image_name="web:2")))
    assert world.lines() == ["update shop/web/0 on a: spec changed"]


def test_what_needs_no_new_container_is_no_update() -> None:
    world = World(node("a")).wants(business("shop", component())).settles()
    world.wants(business("shop", component(component_name="The web", stop_grace_period=30, pull_policy="always")))
    assert world.lines() == []


def test_an_update_may_use_the_room_of_the_version_it_replaces() -> None:
    world = World(node("a", memory=1024, gpus=(1,)))
    world.wants(business("shop", component(memory=600, gpus=1, ports=(80,)))).settles()
    world.wants(business("shop", component(memory=1000, gpus=1, ports=(80,))))
    assert world.lines() == ["update shop/web/0 on a: limits changed"]
    assert waits(world.plan()) == {}


def test_an_update_keeps_its_gpu_devices() -> None:
    world = World(node("a", gpus=(1, 1, 1))).wants(business("lab", component(gpus=1, replicas=2))).settles()
    world.wants(business("lab", component(gpus=1, replicas=2, image_name="web:2")))
    assert [action.gpu_devices for action in world.plan().actions] == [(0,), (1,)]


def test_an_update_that_does_not_fit_moves() -> None:
    world = World(node("a", memory=1024)).wants(business("shop", component(memory=512))).settles()
    world.has(node("b", memory=4096))
    world.wants(business("shop", component(memory=2048)))
    assert world.lines() == [
        "stop shop/web/0 on a: moves to b: node a has no room for the new version",
        "create shop/web/0 on b: node a has no room for the new version",
    ]
    assert world.settles().running() == ["shop/web/0 on b"]


def test_the_old_version_runs_on_while_the_new_one_fits_nowhere() -> None:
    world = World(node("a", memory=1024)).wants(business("shop", component(memory=512))).settles()
    world.wants(business("shop", component(memory=2048)))
    assert world.lines() == []
    assert world.where() == {"shop/web/0": "a"}
    assert world.pending() == {"shop/web/0": "1 node: memory: needs 2048 MB, at most 512 free"}


def test_what_keeps_data_does_not_move_for_room() -> None:
    world = World(node("a", memory=1024)).wants(business("shop", component("db", memory=512, data=True))).settles()
    world.has(node("b", memory=4096))
    world.wants(business("shop", component("db", memory=2048, data=True)))
    assert world.lines() == []
    assert world.pending() == {"shop/db/0": "a holds its volumes and has no room for the new version"}


def test_an_update_on_a_silent_node_waits_until_it_answers() -> None:
    world = World(node("a"), node("b")).wants(business("shop", component())).settles()
    world.node("a", silent=20)
    world.wants(business("shop", component(image_name="web:2")))
    assert world.lines() == []
    assert world.pending() == {"shop/web/0": "a is suspect: updated when it answers"}
    world.node("a", silent=0)
    assert world.lines() == ["update shop/web/0 on a: spec changed"]


def test_an_update_that_asks_for_nothing_stays_on_a_node_that_promised_too_much() -> None:
    world = World(node("a")).wants(business("big", component(memory=4096, cpu=4)), business("shop", component()))
    world.settles()
    world.has(node("b"))
    world.node("a", memory_mb=512, cpu_cores=1)
    world.wants(business("shop", component(image_name="web:2")))
    assert world.lines() == ["update shop/web/0 on a: spec changed"]


def test_one_update_s_room_is_another_s() -> None:
    """`a-big` fits only after `b-small` has shrunk, though it comes first by name: it waits for it."""
    world = World(node("a", memory=1024))
    world.wants(business("shop", component("a-big", memory=200), component("b-small", memory=800))).settles()
    world.wants(business("shop", component("a-big", memory=800), component("b-small", memory=200)))
    assert world.lines() == ["update shop/a-big/0 on a: limits changed", "update shop/b-small/0 on a: limits changed"]
    assert waits(world.plan()) == {"shop/a-big/0": ["shop/b-small/0"]}


def test_ports_handed_on_in_a_chain_wait_for_each_other() -> None:
    """Each gives up one port and takes the next: nobody may take a port that another still holds."""
    world = World(node("a"))
    world.wants(business("shop", component("one", ports=(80,)), component("two", ports=(81,)))).settles()
    world.wants(business("shop", component("one", ports=(81,)), component("two", ports=(82,))))
    assert [action.kind for action in world.plan().actions] == [Kind.UPDATE, Kind.UPDATE]
    assert waits(world.plan()) == {"shop/one/0": ["shop/two/0"]}


def test_updates_never_wait_for_each_other_in_a_ring() -> None:
    """One gives up memory and takes CPU, the other the reverse."""
    world = World(node("a", cpu=4, memory=1000))
    world.wants(business("shop", component("one", cpu=1, memory=700), component("two", cpu=2, memory=300))).settles()
    world.wants(business("shop", component("one", cpu=2, memory=500), component("two", cpu=1, memory=500)))
    waiting = waits(world.plan())
    assert len(world.plan().actions) == 2
    assert len(waiting) < 2


def test_what_takes_the_room_of_a_stop_waits_for_it() -> None:
    world = World(node("a", memory=1024)).wants(business("old", component(memory=1024))).settles()
    world.removes("old")
    world.wants(business("new", component(memory=1024)))
    assert world.lines() == [
        "stop old/web/0 on a: business old is not in the desired state",
        "create new/web/0 on a: not running yet",
    ]
    assert waits(world.plan()) == {"new/web/0": ["old/web/0"]}


def test_what_has_room_besides_waits_for_nothing() -> None:
    world = World(node("a", memory=1024)).wants(business("old", component(memory=256, ports=(80,)))).settles()
    world.removes("old")
    world.wants(business("new", component(memory=256, ports=(81,))))
    assert waits(world.plan()) == {}


def test_a_port_or_a_device_that_is_handed_on_is_waited_for() -> None:
    world = World(node("a", gpus=(1,)))
    world.wants(business("old", component("port", ports=(80,)), component("gpu", gpus=1))).settles()
    world.removes("old")
    world.wants(business("new", component("port", ports=(80,))), business("lab", component("gpu", gpus=1)))
    both = ["old/gpu/0", "old/port/0"]
    assert waits(world.plan()) == {"new/port/0": both, "lab/gpu/0": both}


def test_room_that_a_move_leaves_is_used_in_place_and_not_by_stop_and_create() -> None:
    """`grows` has no room until `goes` has left; then it has, where it is."""
    world = World(node("a", memory=1000, labels={"x": "1"}), node("b", memory=600))
    grows, goes = component("grows", memory=300, node_id="a"), component("goes", memory=600, node_id="a")
    world.wants(business("shop", grows, goes)).settles()
    world.wants(business("shop", component("grows", memory=700), component("goes", memory=600, node_id="b")))
    assert world.lines() == [
        "stop shop/goes/0 on a: moves to b: node a no longer meets its affinity",
        "update shop/grows/0 on a: limits changed",
        "create shop/goes/0 on b: node a no longer meets its affinity",
    ]
    assert waits(world.plan()) == {"shop/grows/0": ["shop/goes/0"]}
    world.settles()


def test_what_keeps_data_is_updated_once_another_has_left_its_node() -> None:
    world = World(node("a", memory=1000), node("b", memory=600))
    db, goes = component("db", memory=300, node_id="a", data=True), component("goes", memory=600, node_id="a")
    world.wants(business("shop", db, goes)).settles()
    world.wants(business("shop", component("db", memory=700, data=True), component("goes", memory=600, node_id="b")))
    assert "update shop/db/0 on a: limits changed" in world.lines()
    world.settles()


def test_an_instance_is_never_stopped_and_created_on_one_node() -> None:
    world = World(node("a", memory=2000), node("b", memory=700))
    grows, goes = component("grows", memory=300, node_id="a"), component("goes", memory=600, node_id="a")
    rest = component("rest", memory=1000, node_id="a")
    world.wants(business("shop", grows, goes, rest)).settles()
    world.wants(business("shop", component("grows", memory=500), component("goes", memory=600, node_id="b"), rest))
    actions = [(action.key, action.node_id) for action in world.plan().actions]
    assert len(actions) == len(set(actions))
    assert (key("shop/grows/0"), "a") in actions

"""Which of the nodes that fit is chosen: the least loaded, evenly, the same one every time."""

from collections import Counter

from tests.support.planning import World, business, component, node


def nodes_of(world: World) -> list[str]:
    return [node_id for _, node_id in sorted(world.where().items())]


def test_equal_nodes_are_chosen_in_the_order_of_their_ids() -> None:
    world = World(node("c"), node("a"), node("b")).wants(business("shop", component(replicas=4, cpu=1)))
    assert nodes_of(world) == ["a", "b", "c", "a"]


def test_replicas_are_balanced_by_what_is_promised() -> None:
    world = World(node("big", cpu=12, memory=12288), node("small", cpu=4, memory=4096))
    world.wants(business("shop", component(replicas=8, cpu=1, memory=1024)))
    assert Counter(nodes_of(world)) == {"big": 6, "small": 2}


def test_instances_that_ask_for_nothing_are_spread_by_number() -> None:
    world = World(node("a"), node("b"), node("c")).wants(business("shop", component(replicas=9)))
    assert Counter(nodes_of(world)) == {"a": 3, "b": 3, "c": 3}


def test_measured_load_counts_beside_promises() -> None:
    """A node busy with other things than ours is not the best, though nothing is promised on it."""
    world = World(node("a", cpu_percent=90, memory_used_mb=7000), node("b"))
    world.wants(business("shop", component(cpu=1)))
    assert nodes_of(world) == ["b"]


def test_noise_in_measured_load_changes_nothing() -> None:
    quiet = World(node("a", cpu_percent=2), node("b", cpu_percent=1)).wants(business("shop", component()))
    assert nodes_of(quiet) == ["a"]


def test_room_goes_first_then_affinity_then_balance() -> None:
    """The empty node is best, but one lacks room and one the label: the loaded one that fits gets it."""
    world = World(
        node("full", memory=64, labels={"disk": "ssd"}),
        node("wrong", labels={"disk": "hdd"}),
        node("loaded", labels={"disk": "ssd"}, cpu_percent=95),
    )
    world.wants(business("shop", component(memory=128, node_labels={"disk": "ssd"})))
    assert nodes_of(world) == ["loaded"]


def test_gpu_nodes_are_left_to_those_who_need_them() -> None:
    world = World(node("a", gpus=(8192,)), node("b", cpu_percent=50))
    world.wants(business("shop", component("web"), component("model", gpus=1)))
    assert world.where() == {"shop/model/0": "a", "shop/web/0": "b"}


def test_a_gpu_node_is_used_when_there_is_no_other() -> None:
    assert nodes_of(World(node("a", gpus=(8192,))).wants(business("shop", component()))) == ["a"]


def test_each_gpu_device_is_promised_once() -> None:
    world = World(node("a", gpus=(8192, 8192, 8192))).wants(business("lab", component(gpus=1, replicas=4)))
    devices = [action.gpu_devices for action in world.plan().actions]
    assert devices == [(0,), (1,), (2,)]
    assert world.pending() == {"lab/web/3": "1 node: GPU: needs 1, at most 0 free"}


def test_big_instances_are_placed_before_small_ones() -> None:
    """The small one sorts first by name; placed first, it would take the room that only the big one can use."""
    world = World(node("a", memory=1024), node("b", memory=4096))
    world.wants(business("shop", component("a-small", memory=1024), component("b-big", memory=4096)))
    assert world.where() == {"shop/a-small/0": "a", "shop/b-big/0": "b"}


def test_a_host_port_is_given_once_a_node() -> None:
    world = World(node("a"), node("b")).wants(business("shop", component(ports=(80,), replicas=3)))
    assert nodes_of(world) == ["a", "b"]
    assert world.pending() == {"shop/web/2": "2 nodes: host port 80/tcp is taken"}


def test_spread_by_a_label_evens_out_its_values_and_not_the_nodes() -> None:
    east = [node(f"east-{number}", labels={"zone": "east"}) for number in range(3)]
    world = World(*east, node("west-0", labels={"zone": "west"}), node("nowhere"))
    world.wants(business("shop", component(replicas=4, spread_by="zone")))
    assert Counter(node_id.split("-")[0] for node_id in nodes_of(world)) == {"east": 2, "west": 2}


def test_spread_counts_the_replicas_that_run_already() -> None:
    world = World(node("east", labels={"zone": "east"}))
    world.wants(business("shop", component(replicas=2, spread_by="zone"))).settles()
    world.has(node("west", labels={"zone": "west"}))
    world.wants(business("shop", component(replicas=4, spread_by="zone"))).settles()
    assert Counter(nodes_of(world)) == {"east": 2, "west": 2}


def test_spread_goes_on_where_there_is_room() -> None:
    world = World(node("east", labels={"zone": "east"}, cpu=1), node("west", labels={"zone": "west"}, cpu=8))
    world.wants(business("shop", component(replicas=5, cpu=1, spread_by="zone")))
    assert Counter(nodes_of(world)) == {"east": 1, "west": 4}


def test_replicas_apart_from_their_own_kind_get_a_node_each() -> None:
    world = World(node("a"), node("b")).wants(business("shop", component(replicas=3, anti_affinity=("web",))))
    assert nodes_of(world) == ["a", "b"]
    assert world.pending() == {"shop/web/2": "2 nodes: anti-affinity: runs web"}


def test_components_apart_never_share_a_node_in_one_plan_or_two() -> None:
    """Whichever of the two is bigger, and so placed first; and whichever came first."""
    for sizes in ((512, 64), (64, 512)):
        both = business(
            "shop", component("db", memory=sizes[0]), component("web", memory=sizes[1], anti_affinity=("db",))
        )
        together = World(node("a"), node("b", cpu_percent=90)).wants(both)
        assert len(set(nodes_of(together))) == 2, sizes
    later = World(node("a"), node("b", cpu_percent=90))
    later.wants(business("shop", component("web", anti_affinity=("db",)))).settles()
    later.wants(business("shop", component("web", anti_affinity=("db",)), component("db"))).settles()
    assert later.where() == {"shop/db/0": "b", "shop/web/0": "a"}


def test_apart_is_meant_within_one_business() -> None:
    world = World(node("a"))
    world.wants(business("one", component("db")), business("two", component("web", anti_affinity=("db",)))).settles()
    assert nodes_of(world) == ["a", "a"]

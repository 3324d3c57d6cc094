"""What is known of a node's containers, and what is only not known (rule 13)."""

import pytest

from agent.runtime.contract import RuntimeFailure
from agent.supervisor.actions import end
from agent.supervisor.inventories import Inventories, UnknownInstance, UnknownRuntime
from agent.supervisor.inventory import Inventory
from reconciler.wire.messages import InstanceKey
from tests.agent.supervisor.memory_runtime import MemoryRuntime, a_deploy
from tests.agent.supervisor.stepping import Stepper

WEB = InstanceKey("shop", "web", 0)
OTHER = InstanceKey("shop", "other", 0)


class Node:
    """Two runtimes, of which one runs an instance, and their inventories."""

    def __init__(self) -> None:
        self.docker, self.process = MemoryRuntime(), MemoryRuntime()
        self.docker.create(a_deploy())
        self.inventories = Inventories()
        for name, runtime in (("docker", self.docker), ("process", self.process)):
            self.inventories.add(Inventory(name, runtime, lambda: None, Stepper().runner()))

    def listed(self) -> "Node":
        for inventory in self.inventories:
            inventory.refresh()
        return self


def silence(runtime: MemoryRuntime) -> None:
    runtime.failures["list"] = "the Engine does not answer"


def test_what_is_known_stays_known_while_a_runtime_is_silent() -> None:
    node = Node().listed()
    silence(node.docker)
    docker = node.inventories.of("docker")
    with pytest.raises(RuntimeFailure):
        docker.refresh()
    assert [one.running.key for one in node.inventories.containers(WEB)] == [WEB]
    assert node.inventories.available() == ("process",)
    assert node.inventories.are_complete()


def test_a_runtime_that_was_never_listed_leaves_the_node_unknown() -> None:
    assert not Node().inventories.are_complete()


@pytest.mark.parametrize(
    ("key", "runtime", "is_certain"),
    [
        (WEB, "docker", False),
        (WEB, "process", False),
        (OTHER, "docker", False),
        (OTHER, "process", True),
        (OTHER, None, True),
    ],
)
def test_an_instance_is_certain_where_no_silent_runtime_matters(
    key: InstanceKey, runtime: str | None, is_certain: bool
) -> None:
    node = Node().listed()
    silence(node.docker)
    with pytest.raises(RuntimeFailure):
        node.inventories.of("docker").refresh()
    if is_certain:
        assert node.inventories.ascertain(key, runtime) == []
    else:
        with pytest.raises(RuntimeFailure):
            node.inventories.ascertain(key, runtime)


def test_nothing_is_certain_of_a_runtime_that_was_never_listed() -> None:
    node = Node()
    silence(node.docker)
    with pytest.raises(RuntimeFailure):
        node.inventories.ascertain(OTHER)


def test_to_be_certain_a_silent_runtime_is_asked_again() -> None:
    node = Node()
    assert [one.running.key for one in node.inventories.ascertain(WEB)] == [WEB]


def test_what_is_not_here_is_refused_by_name() -> None:
    node = Node().listed()
    with pytest.raises(UnknownRuntime, match="'vm' can't run here; this node runs: docker, process"):
        node.inventories.of("vm")
    with pytest.raises(UnknownInstance, match="nothing of shop/other/0 is on this node"):
        node.inventories.newest(OTHER)


def test_what_serves_and_is_asked_for_is_never_ended() -> None:
    node = Node().listed()
    containers = node.inventories.containers(WEB)
    with pytest.raises(AssertionError, match="rule 4"):
        end(node.inventories, a_deploy(), containers[0], containers)
    assert node.docker.of(WEB)

"""What is read from the runtimes for a report."""

from agent.reporting.readings import node_images, usage_by_instance
from agent.runtime.contract import NodeImages
from agent.supervisor.inventories import Inventories
from agent.supervisor.inventory import Inventory
from agent.supervisor.runner import Runner
from reconciler.wire.messages import InstanceKey
from reconciler.wire.reports import NodeImage
from tests.agent.supervisor.memory_runtime import MemoryRuntime, a_deploy

WEB = InstanceKey("shop", "web", 0)


def inventories(**runtimes: MemoryRuntime) -> Inventories:
    made = Inventories()
    for name, runtime in runtimes.items():
        inventory = Inventory(name, runtime, lambda: None, Runner())
        inventory.refresh()
        made.add(inventory)
    return made


def test_usage_is_of_what_runs() -> None:
    runtime = MemoryRuntime()
    runtime.create(a_deploy())
    ended = runtime.create(a_deploy(component_id="ended"))
    runtime.end(ended)
    found = usage_by_instance(inventories(docker=runtime))
    assert {key: usage.memory_mb for key, usage in found.items()} == {WEB: 8}


def test_images_are_of_the_runtime_that_has_any() -> None:
    docker = MemoryRuntime()
    assert node_images(inventories(process=MemoryRuntime(), docker=docker)) == NodeImages()
    docker.has = NodeImages((NodeImage(name="web:1"),), 900)
    assert node_images(inventories(process=MemoryRuntime(), docker=docker)) == docker.has

"""What the Docker tests share: deploys written briefly, and questions to the runtime and its containers."""

from typing import Any

import docker

from agent.engine.runtime import DockerRuntime
from agent.runtime.contract import Running
from reconciler.manifest.model import Component
from reconciler.wire.messages import Deploy, Status
from tests.support.images import BUSYBOX
from tests.support.waiting import wait_until


def component(component_id: str = "web", **fields: Any) -> Component:
    """A docker component that sleeps, unless the fields say otherwise."""
    fields = {"image_name": BUSYBOX, "stop_grace_period": 1.0, **fields}
    return Component(component_id=component_id, component_name=component_id, **fields)


def deploy(component_id: str = "web", instance: int = 0, digest: str = "d1", version: int = 1, **fields: Any) -> Deploy:
    """A deploy of such a component in the business `shop`, unless the fields name another."""
    gpu_devices = fields.pop("gpu_devices", ())
    business_id = fields.pop("business_id", "shop")
    return Deploy(
        business_id=business_id,
        component=component(component_id, **fields),
        instance=instance,
        digest=digest,
        version=version,
        gpu_devices=gpu_devices,
    )


def the_one(runtime: DockerRuntime) -> Running:
    (only,) = runtime.list()
    return only


def wait_status(runtime: DockerRuntime, status: Status) -> Running:
    wait_until(lambda: the_one(runtime).status == status, what=f"status {status}")
    return the_one(runtime)


def output(client: docker.DockerClient, container_id: str, *command: str) -> str:
    result = client.containers.get(container_id).exec_run(list(command))
    assert result.exit_code == 0, result.output
    return str(result.output.decode().strip())

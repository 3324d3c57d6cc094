"""What the Docker tests share: deploys written briefly."""

from typing import Any

from reconciler.manifest.model import Component
from reconciler.wire.messages import Deploy
from tests.support.images import BUSYBOX


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

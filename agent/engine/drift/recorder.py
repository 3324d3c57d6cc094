"""Making containers that carry the record of what was applied, so that drift can be told from what was asked for.

Engines differ in what they make of a request: they drop limits that their kernel lacks, and fill in defaults of their
own. What a container has right after it was made, with nobody else there to change it, is therefore never drift: where
it is not as recorded, it is made anew with those fields left out of its record.
"""

import logging
from typing import Any

from docker import APIClient
from docker.errors import NotFound

from agent.engine.body import Body, networks_of
from agent.engine.drift.compare import APPLIED, drift_of, record_of
from reconciler.manifest.drift import head_of
from reconciler.manifest.images import image_reference
from reconciler.wire.messages import Deploy

log = logging.getLogger(__name__)


class Recorder:
    """Makes the create calls on one Engine, each with its record."""

    def __init__(self, client: APIClient) -> None:
        self._client = client
        self._besides: frozenset[str] = frozenset()

    def create(self, body: Body, name: str, deploy: Deploy) -> str:
        """Create a container that carries its record, and start nothing; its id. Raises APIError."""
        besides: frozenset[str] = frozenset()
        container_id, changed = self._create(body, name, deploy, besides)
        while changed - besides:
            log.info("the Engine makes something else of %s of %s", ", ".join(sorted(changed)), deploy.key)
            self._besides |= {field for field in changed if field == head_of(field) and field != "image"}
            self._client.remove_container(container_id, v=True, force=True)
            besides |= changed
            container_id, changed = self._create(body, name, deploy, besides)
        return container_id

    def _create(self, body: Body, name: str, deploy: Deploy, besides: frozenset[str]) -> tuple[str, frozenset[str]]:
        """Its id, and which fields are not as recorded though they should be."""
        networks = networks_of(deploy) or (deploy.component.network_mode or "bridge",)
        image = self._image(image_reference(deploy.component))
        labels = body["Labels"] | (
            {APPLIED: record_of(body, networks, image, self._besides | besides)} if image else {}
        )
        created: dict[str, str] = self._client.create_container_from_config(  # type: ignore[no-untyped-call]
            body | {"Labels": labels}, name, deploy.component.platform
        )
        drift = drift_of(self._client.inspect_container(created["Id"])) if image else ()
        # It joins its other networks before it starts.
        return created["Id"], frozenset(one.field for one in drift if one.field != "networks")

    def _image(self, reference: str) -> dict[str, Any] | None:
        """The image as the Engine has it; None where it is gone, of which the create call says more."""
        try:
            found: dict[str, Any] = self._client.inspect_image(reference)  # type: ignore[no-untyped-call]
        except NotFound:
            return None
        return found

"""A container of an instance, compared with what is asked for. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from agent.runtime.contract import Running
from reconciler.manifest.drift import LIVE
from reconciler.wire.messages import Deploy


@dataclass(frozen=True, slots=True)
class Container:
    """A container, or a process, of an instance; `runtime` names the runtime that made it."""

    runtime: str
    running: Running

    @property
    def id(self) -> str:
        """The runtime's id of the container."""
        return self.running.container_id

    def matches(self, deploy: Deploy) -> bool:
        """Tell whether this is what the deploy asks for, or can be made so, and has not ended for good."""
        return (
            self.running.digest == deploy.digest
            and not self.running.ended
            and self.runtime == deploy.component.type
            and not (self._to_heal(deploy) - LIVE)
            and not self._has_limit_to_lift(deploy)
        )

    def needs_change(self, deploy: Deploy) -> bool:
        """Tell whether a container that matches has other limits than the deploy, or drift that the deploy heals."""
        have, want = self.running.reservation, deploy.component.resource_requirements
        same_limits = (round(have.cpu_cores, 3), have.memory_mb) == (round(want.cpu_cores, 3), want.memory_mb)
        return not same_limits or bool(self._to_heal(deploy))

    def _to_heal(self, deploy: Deploy) -> set[str]:
        return {drift.field for drift in self.running.drift} & set(deploy.heal)

    def _has_limit_to_lift(self, deploy: Deploy) -> bool:
        """Tell whether it has a limit where there is to be none: the Engine takes none away from what runs."""
        have, want = self.running.reservation, deploy.component.resource_requirements
        return (have.cpu_cores > 0 and not want.cpu_cores) or (have.memory_mb > 0 and not want.memory_mb)


def newest_first(containers: Iterable[Container]) -> list[Container]:
    """Sort containers of one instance: newer versions first, then what has not ended, then what started later."""
    return sorted(containers, key=_age)


def _age(container: Container) -> tuple[int, bool, float]:
    running = container.running
    started_at = running.started_at if running.started_at is not None else 0.0
    return -running.version, running.ended, -started_at

"""One supervised program: how long it has for its end."""

from pathlib import Path

import msgspec
import pytest

from agent.process import program
from agent.process.record import InstanceFolder, Record
from agent.process.runtime import ProcessRuntime
from reconciler.manifest.model import Component
from reconciler.wire.messages import Deploy


@pytest.mark.parametrize(("within", "grace"), [(None, 60.0), (0.0, 0.0), (5.0, 5.0), (600.0, 60.0)])
def test_a_program_has_its_grace_period_or_less_when_it_must_be_gone_sooner(
    within: float | None, grace: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graces: list[float] = []
    end = program.end_program

    def noted(pid: int, folder: InstanceFolder, record: Record, grace: float) -> None:
        graces.append(grace)
        killed = msgspec.structs.replace(record.deploy.component, stop_signal="KILL")
        end(
            pid,
            folder,
            msgspec.structs.replace(record, deploy=msgspec.structs.replace(record.deploy, component=killed)),
            0,
        )

    monkeypatch.setattr(program, "end_program", noted)
    component = Component(
        component_id="web", component_name="web", type="process", command=("sleep", "600"), stop_grace_period=60.0
    )
    runtime = ProcessRuntime("node-1", tmp_path)
    container_id = runtime.create(Deploy(business_id="shop", component=component, instance=0, digest="d", version=1))
    runtime.stop(container_id, within)
    assert graces == [grace]

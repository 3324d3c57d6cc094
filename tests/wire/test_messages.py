"""The wire between versions: what an agent of an older version reports means the same to a newer manager."""

import msgspec

from reconciler.wire.messages import Reservation, Status
from reconciler.wire.reports import InstanceReport


def test_what_an_older_agent_s_instance_holds_is_not_taken_for_nothing() -> None:
    older = b'{"business_id":"shop","component_id":"web","status":"running","promise":{"memory_mb":64,"host_ports":["80/tcp"]}}'
    report = msgspec.json.decode(older, type=InstanceReport)
    assert report.reservation == Reservation(memory_mb=64, host_ports=("80/tcp",))
    assert b'"promise"' in msgspec.json.encode(report), "an older manager is told in the word it knows"
    assert report.status is Status.RUNNING

"""How long a container has for its end."""

from typing import Any, cast

import pytest
from docker import APIClient

from agent.engine.labels import GRACE
from agent.engine.stop import prepare_stop

NO_ENGINE = cast(APIClient, None)


@pytest.mark.parametrize(("within", "seconds"), [(None, 20), (60.0, 20), (5.9, 5), (0.9, 1), (0.0, 0)])
def test_what_must_be_gone_soon_has_what_is_left_in_whole_seconds(within: float | None, seconds: int) -> None:
    inspected: dict[str, Any] = {"Id": "c1", "Config": {"Labels": {GRACE: "20"}}, "State": {"Running": True}}
    assert prepare_stop(NO_ENGINE, inspected, within) == seconds

"""Under which address an agent can be called."""

import pytest

from agent.host.address import advertised_address


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:7701"),
        ("::1", "http://[::1]:7701"),
        ("node-1.example.org", "http://node-1.example.org:7701"),
        ("0.0.0.0", "http://127.0.0.1:7701"),
        ("", "http://127.0.0.1:7701"),
    ],
)
def test_the_address_is_one_the_manager_can_call(host: str, expected: str) -> None:
    assert advertised_address(host, 7701, "http://127.0.0.1:7700") == expected

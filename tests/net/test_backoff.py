"""How long to wait before the next try."""

import pytest

from reconciler.net.backoff import Backoff

DOUBLING = Backoff(first=1.0, factor=2.0, most=60.0, jitter=0.2)


@pytest.mark.parametrize(
    ("attempt", "delay"), [(1, 1.0), (2, 2.0), (3, 4.0), (6, 32.0), (7, 60.0), (100, 60.0), (10**9, 60.0)]
)
def test_delays_double_up_to_the_most(attempt: int, delay: float) -> None:
    assert DOUBLING.delay(attempt) == delay


@pytest.mark.parametrize(("random", "delay"), [(0.0, 3.2), (0.5, 4.0), (1.0, 4.8)])
def test_each_delay_is_varied_by_the_jitter_at_most(random: float, delay: float) -> None:
    assert DOUBLING.delay(3, random) == pytest.approx(delay)


def test_without_jitter_nothing_is_varied() -> None:
    assert Backoff(0.5, 2.0, 5.0).delay(2, random=1.0) == 1.0


@pytest.mark.parametrize(
    "values", [(0.0, 2.0, 60.0, 0.0), (5.0, 2.0, 1.0, 0.0), (1.0, 0.5, 60.0, 0.0), (1.0, 2.0, 60.0, 1.0)]
)
def test_what_would_shrink_or_wait_a_negative_time_is_refused(values: tuple[float, float, float, float]) -> None:
    with pytest.raises(AssertionError):
        Backoff(*values)

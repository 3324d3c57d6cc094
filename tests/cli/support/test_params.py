"""What is written on a command line: durations, moments, shares, and nodes that are supposed."""

import time

import click
import pytest

from reconciler.cli.support.errors import CliError
from reconciler.cli.support.params import Duration, Share, Since
from reconciler.cli.support.suppose import new_node, replicas


def test_durations_are_seconds() -> None:
    assert Duration().convert("1m30s", None, None) == 90.0
    assert Duration().convert(5.0, None, None) == 5.0
    with pytest.raises(click.BadParameter, match="soon"):
        Duration().convert("soon", None, None)


def test_moments_are_ago_or_a_time() -> None:
    before = time.time()
    assert before - 600 <= Since().convert("10m", None, None) <= time.time() - 600
    assert Since().convert("2026-01-01T00:00:00+00:00", None, None) == 1767225600.0
    with pytest.raises(click.BadParameter, match="neither how long ago"):
        Since().convert("yesterday", None, None)


def test_shares_are_percents() -> None:
    assert Share().convert("50%", None, None) == 0.5
    assert Share().convert(0.25, None, None) == 0.25
    for wrong in ("50", "101%", "-1%", "x%", "5%%", "\u0665%"):
        with pytest.raises(click.BadParameter, match="is no share"):
            Share().convert(wrong, None, None)


def test_a_new_node_is_written_in_one_word() -> None:
    assert new_node("cpu=16,memory=64G,gpu=2,gpu_memory=24G,label:zone=b,count=10") == {
        "cpu_cores": 16.0,
        "memory_mb": 65536,
        "gpus": 2,
        "gpu_memory_mb": 24576,
        "labels": {"zone": "b"},
        "count": 10,
    }
    for wrong in ("cpu=16", "cpu=16,memory=x", "cpu=16,memory=1G,disk=1", "cpu=16,memory=1G,label:=x,", ""):
        with pytest.raises(CliError, match="cpu=16,memory=64G"):
            new_node(wrong)


def test_replicas_name_a_component() -> None:
    assert replicas("shop/web=3") == ("shop/web", 3)
    for wrong in ("shop=3", "shop/web", "shop/web=x", "shop/web=-1", "a/b/c=1"):
        with pytest.raises(CliError, match="BUSINESS/COMPONENT=N"):
            replicas(wrong)

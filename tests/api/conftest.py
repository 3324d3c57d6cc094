"""A manager without agents, shared by the tests of a module."""

from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A manager that watches an empty directory."""
    cluster = Cluster(tmp_path_factory.mktemp("manager"))
    cluster.start_manager()
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A manager that asks for a token."""
    cluster = Cluster(tmp_path_factory.mktemp("guarded"), token="s3cret-of-the-fleet")
    cluster.start_manager()
    yield cluster
    cluster.close()

"""The Ray cluster that all tests of the orchestrator share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def nodes() -> Iterator[Any]:
    """A Ray cluster of two nodes with one CPU each on this machine; a test that adds a node takes it away again.

    It wants a token, which stands in the environment as a user's own would.
    """
    from ray.cluster_utils import Cluster

    from orchestrator.backends import _private

    with _private.token():
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        cluster.add_node(num_cpus=1)
        try:
            yield cluster
        finally:
            cluster.shutdown()


@pytest.fixture(scope="session")
def cluster(nodes: Any) -> str:
    """The address of that cluster."""
    return str(nodes.address)

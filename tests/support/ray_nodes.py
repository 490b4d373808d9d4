"""A Ray cluster of some nodes on this machine."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

MEMORY = 150 << 20
"""Bytes of the object store of a node."""


@contextmanager
def cluster_of(head: int, *others: int) -> Iterator[Any]:
    """Yield a cluster of a head and other nodes with so many cores each; others: its nodes."""
    utils = pytest.importorskip("ray.cluster_utils", reason="ray is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")
        patch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
        cluster = utils.Cluster()
        try:
            _start(cluster, num_cpus=head, include_dashboard=False, object_store_memory=MEMORY)
            cluster.others = [
                _start(cluster, num_cpus=cores, object_store_memory=MEMORY) for cores in others
            ]
            yield cluster
        finally:
            cluster.shutdown()


def _start(cluster: Any, **options: Any) -> Any:
    """Start a node; Ray gives it 30 seconds, which is little where others compute too."""
    for _ in range(4):
        with contextlib.suppress(Exception):
            return cluster.add_node(**options)
    pytest.skip("a node of Ray did not start within 30 seconds, four times")

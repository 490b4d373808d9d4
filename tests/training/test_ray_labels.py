"""Labels of the linear branch as tasks of a Ray cluster of several nodes on this machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from harnn._ray import connected
from harnn.sample import sample
from harnn.training.labels_shared_out import _on_ray
from harnn.training.support_vectors import Blocks, BlockSolver, Column, train_classifier
from support.ray_nodes import cluster_of

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Where commands join it, nothing is solved: its core is none."""
    with cluster_of(0, 1, 1) as started:
        yield started


def test_the_command_trains_the_same_model_on_other_nodes(cluster: Any, tmp_path: Path) -> None:
    files = sample("en")
    command = [sys.executable, "-m", "harnn", "train", "--preset", "fast"]
    command += ["--taxonomy", str(files.taxonomy), "--train", str(files.train)]
    command += ["--valid", str(files.valid), "--out"]
    for name, more in {"here": [], "there": ["--address", cluster.address]}.items():
        done = subprocess.run(
            [*command, str(tmp_path / name), *more], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    weights = sorted(path.name for path in (tmp_path / "here").glob("*.safetensors"))
    assert weights
    for name in weights:
        there = (tmp_path / "there" / name).read_bytes()
        assert there == (tmp_path / "here" / name).read_bytes(), name


def test_a_node_is_lost(cluster: Any) -> None:
    """Its tasks are begun again on the other one."""
    rng = np.random.default_rng(0)
    vectors = csr_array(random_array((100, 90), density=0.1, rng=rng, dtype=np.float32))
    targets = csr_array(rng.random((100, 400)) < 0.1)
    here = train_classifier(vectors, targets, None)
    lost: list[None] = []
    with connected(cluster.address, purpose="This") as ray:
        solve = _on_ray(ray, cluster.address, bool)

        def spread(solver: BlockSolver, blocks: Blocks) -> Iterator[list[Column]]:
            for solved in solve(solver, blocks):
                if not lost:
                    lost.append(cluster.remove_node(cluster.others[0], allow_graceful=False))
                yield solved

        there = train_classifier(vectors, targets, None, spread=spread)
    assert lost
    assert np.array_equal(here.weights.toarray(), there.weights.toarray())
    assert np.array_equal(here.bias, there.bias)

"""Real taxonomies load with the level counts that their statistics tell."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from harnn.taxonomy import Taxonomy

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("HARNN_DATA", ROOT.parent / "shared" / "data"))

# set -> labels of each level, labels with several parents
SETS = {
    "arxiv-cat": ((6, 103, 47), 0),
    "arxiv-dag": ((7, 103, 47), 4),
    "arxiv-msc": ((63, 504, 2971), 0),
    "onet-tasks": ((4, 9, 37, 332, 2045), 0),
    "mitre-attack": ((38, 230, 249), 39),
    "valueeval23": ((4, 4, 20), 7),
    "csl-disciplines": ((13, 67), 0),
}


@pytest.mark.parametrize("name", SETS)
def test_a_real_taxonomy_loads(name: str) -> None:
    path = DATA / name / "taxonomy.tsv"
    if not path.is_file():
        pytest.skip(f"no {name} under HARNN_DATA (default ../shared/data)")
    levels, several = SETS[name]
    taxonomy = Taxonomy.from_file(path)
    summary = taxonomy.summary()
    assert summary.levels == levels
    assert summary.labels_with_several_parents == several
    assert summary.is_tree == (several == 0)
    assert summary.roots == levels[0]
    assert len(taxonomy.hierarchy.closure.indices) == sum(
        len(taxonomy.close_upward([column])) for column in range(len(taxonomy))
    )
    assert taxonomy.close_upward(np.arange(len(taxonomy))).tolist() == list(range(len(taxonomy)))
    if path.with_name("labels.tsv").is_file():
        top = taxonomy.level_slices[0]
        assert all(map(str.__ne__, taxonomy.names[top], taxonomy.codes[top]))
    assert Taxonomy.from_json(taxonomy.to_json()) == taxonomy

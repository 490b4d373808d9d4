"""Label sets as matrices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import MultiLabelBinarizer

from harnn import HierarchicalLabelBinarizer, Taxonomy
from harnn.errors import DocumentError, TaxonomyError
from harnn.sample import sample
from support.topics import TAXONOMY

SETS = st.lists(st.sets(st.sampled_from(TAXONOMY.codes)), min_size=1, max_size=8)
DAG = Taxonomy.from_edges(
    [("a", "ROOT"), ("b", "ROOT"), ("c", "a"), ("c", "b"), ("d", "c"), ("e", "b")]
)


def closed(labels: Any) -> set[str]:
    parents = {"cat": "animal", "dog": "animal", "oak": "plant", "rose": "plant"}
    return set(labels) | {parents[label] for label in labels if label in parents}


@given(SETS)
def test_transform_is_scikit_learns_with_ancestors(y: list[set[str]]) -> None:
    theirs = MultiLabelBinarizer(classes=TAXONOMY.codes).fit_transform([closed(each) for each in y])
    ours = HierarchicalLabelBinarizer(TAXONOMY).fit_transform(y)
    assert ours.dtype == np.int64
    assert (ours == theirs).all()
    sparse: Any = HierarchicalLabelBinarizer(TAXONOMY, sparse_output=True).fit_transform(y)
    assert isinstance(sparse, csr_array)
    assert (sparse.toarray() == ours).all()


@given(SETS)
def test_inverse_transform_undoes_it(y: list[set[str]]) -> None:
    binarizer = HierarchicalLabelBinarizer(TAXONOMY).fit()
    matrix = binarizer.transform(y)
    whole = binarizer.inverse_transform(matrix, most_specific=False)
    assert [set(each) for each in whole] == [closed(each) for each in y]
    specific = binarizer.inverse_transform(csr_array(matrix))
    assert (binarizer.transform(specific) == matrix).all()
    assert all(closed(set(each) - {label}) != closed(each) for each in specific for label in each)


def test_a_label_with_two_parents() -> None:
    binarizer = HierarchicalLabelBinarizer(DAG).fit([["d"]])
    (row,) = binarizer.transform([["d"]])
    assert row.tolist() == [1, 1, 1, 0, 1]
    assert binarizer.inverse_transform([row]) == [("d",)]
    assert binarizer.inverse_transform([row], most_specific=False) == [("a", "b", "c", "d")]
    assert binarizer.inverse_transform([[0, 1, 1, 0, 1]]) == [("d",)]


def test_columns_are_all_labels_whatever_y_holds() -> None:
    binarizer = HierarchicalLabelBinarizer(TAXONOMY).fit([["cat"]])
    assert binarizer.classes_.tolist() == list(TAXONOMY.codes)
    assert binarizer.get_feature_names_out().tolist() == list(TAXONOMY.codes)
    assert binarizer.transform([]).shape == (0, 6)


def test_a_taxonomy_by_its_path() -> None:
    path: Path = sample().taxonomy
    for given_path in (path, str(path)):
        binarizer = clone(HierarchicalLabelBinarizer(given_path)).fit()
        assert binarizer.taxonomy_ == sample().load_taxonomy()
    with pytest.raises(TaxonomyError, match=r"^taxonomy: is int, expected a harnn.Taxonomy or th"):
        HierarchicalLabelBinarizer(5).fit()  # type: ignore[arg-type]


def test_what_is_refused() -> None:
    binarizer = HierarchicalLabelBinarizer(TAXONOMY)
    for method in (binarizer.transform, binarizer.inverse_transform):
        with pytest.raises(NotFittedError):
            method([["cat"]])
    with pytest.raises(NotFittedError):
        binarizer.get_feature_names_out()
    with pytest.raises(DocumentError, match="unknown label 'fish'"):
        binarizer.fit([["fish"]])
    binarizer.fit([["cat"]])
    with pytest.raises(DocumentError, match=r"has shape \(1, 2\), expected a column for each of 6"):
        binarizer.inverse_transform([[0, 1]])
    with pytest.raises(DocumentError, match="other numbers than 0 and 1"):
        binarizer.inverse_transform(np.full((1, 6), 0.3))
    assert HierarchicalLabelBinarizer(TAXONOMY, unknown_labels="ignore").fit_transform(
        [["fish", "cat"]]
    ).tolist() == [[1, 0, 1, 0, 0, 0]]

"""Label sets as matrices, closed upward."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from harnn.errors import DocumentError
from harnn.estimator.label_sets import (
    Unknown,
    matrix_problem,
    read_label_sets,
    to_form,
    to_tuples,
)
from harnn.estimator.taxonomies import as_taxonomy
from harnn.taxonomy import Taxonomy


class HierarchicalLabelBinarizer(  # type: ignore[call-arg]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
    auto_wrap_output_keys=None,
):
    """Turn label sets into a matrix (N, C) of 0 and 1 with all ancestors, and back.

    As scikit-learn's ``MultiLabelBinarizer``, but the columns are all labels of a taxonomy in its
    order, whatever y holds, and no label stands without its ancestors.

    Args:
        taxonomy: a :class:`harnn.Taxonomy`, or the path of its file.
        sparse_output: return a sparse matrix (CSR).
        unknown_labels: ``error`` refuses labels that are not in the taxonomy; ``warn`` and
            ``ignore`` leave them out, with a warning or without one.

    Attributes:
        taxonomy_: the taxonomy.
        classes_: (C,) its labels.
    """

    def __init__(
        self,
        taxonomy: Taxonomy | str | Path,
        *,
        sparse_output: bool = False,
        unknown_labels: Unknown = "error",
    ) -> None:
        self.taxonomy = taxonomy
        self.sparse_output = sparse_output
        self.unknown_labels = unknown_labels

    def fit(self, y: Any = None) -> Self:
        """Take the labels from the taxonomy, and check those of *y* where it is given.

        Raises:
            TaxonomyError: the taxonomy cannot be read.
            DocumentError, ConfigError: see :meth:`transform`.
        """
        taxonomy = as_taxonomy(self.taxonomy)
        if y is not None:
            read_label_sets(y, taxonomy, unknown=self.unknown_labels)
        self.taxonomy_ = taxonomy
        self.classes_ = np.array(taxonomy.codes, dtype=object)
        return self

    def transform(self, y: Any) -> Any:
        """Return (N, C) int64, dense or sparse.

        y: label lists, strings, a matrix or a frame, see
        :func:`harnn.estimator.label_sets.read_label_sets`.

        Raises:
            DocumentError: y is something else, or some labels are unknown; all in one report.
            ConfigError: ``unknown_labels`` is something else.
        """
        check_is_fitted(self)
        sets = read_label_sets(y, self.taxonomy_, unknown=self.unknown_labels).sets
        return to_form(sets, self.taxonomy_, "sparse" if self.sparse_output else "indicator")

    def fit_transform(self, y: Any) -> Any:
        """Return what :meth:`transform` does, after :meth:`fit`."""
        return self.fit().transform(y)

    def inverse_transform(self, Y: Any, *, most_specific: bool = True) -> list[tuple[str, ...]]:
        """Return the labels of each row of a matrix (N, C), in the order of the taxonomy.

        most_specific: leave out those with a descendant among them, which imply nothing more;
        else all are returned as they are, closed or not.

        Raises:
            DocumentError: the matrix has another number of columns, or other numbers than 0 and 1.
        """
        check_is_fitted(self)
        matrix = Y if hasattr(Y, "ndim") else np.asarray(Y)
        problem = matrix_problem(matrix, self.taxonomy_)
        if problem is not None:
            raise DocumentError(problem)
        sets = csr_array(matrix).astype(bool)
        sets.eliminate_zeros()
        if most_specific:
            sets = self.taxonomy_.hierarchy.most_specific_sets(sets)
        return to_tuples(sets, self.taxonomy_)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:  # noqa: ARG002
        """Return the labels of the columns, (C,); *input_features* does not matter."""
        check_is_fitted(self)
        return self.classes_.copy()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.target_tags.required = False
        tags.requires_fit = True
        return tags

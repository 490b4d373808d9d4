"""Precision and recall that compare labels up to their lowest common ancestors."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn.counting import as_binary, check_same_shape
from harnn.metrics.sets import PrecisionRecall
from harnn.taxonomy import Hierarchy

_ROOT = -1
"""Above all labels without a parent, so that any two labels have a common ancestor."""

Nearest = dict[int, tuple[int, int]]
"""For each ancestor of some labels: the distance to the nearest of them, and that label."""


def lca_prf(predictions: Any, targets: Any, hierarchy: Hierarchy) -> PrecisionRecall:
    """Compute LCA precision, recall and F1 over all documents.

    predictions, targets: (N, C) label sets, sparse.

    Of each document the most specific labels of both sets are compared, those with no descendant
    in their set. Every predicted label is linked to one true label and every true label to one
    predicted label: to the other with the shortest way up to a common ancestor and down again,
    counted in edges, over a root above all labels if there is none below it. Of equally short
    ways the one over the rightmost ancestor counts, which is never above the other, and then the
    leftmost label. A link adds the shortest paths from its two ends up to the common ancestor,
    ends included, to the graph of the predicted and to that of the true labels; of several
    shortest paths in a DAG it is the one through the leftmost parents. Precision is the share of
    nodes of predicted graphs that are in the true graph of the document, recall the reverse, both
    counted over all documents together. An empty set stands for the root, which itself does not
    count.

    So a label far down counts no more than a label near its root: ancestors above the common one
    earn nothing, unlike in :func:`harnn.metrics.hierarchical_prf`.

    Raises:
        ValueError: the shapes differ.

    Source: Kosmopoulos, Partalas, Gaussier, Paliouras and Androutsopoulos (2015), Evaluation
    Measures for Hierarchical Classification, whose search for the smallest such graphs is left
    out; pooled over documents as in Plaud, Labeau, Saillenfest and Bonald (2024),
    arXiv:2410.01305.
    """
    check_same_shape(predictions=predictions, targets=targets)
    predicted, true = as_binary(predictions), as_binary(targets)
    hierarchy.check_columns(true.shape[1])
    paths = _UpwardPaths(hierarchy)
    hits = predicted_size = true_size = 0
    for rows in row_blocks(*true.shape):
        pairs = zip(
            _rows(hierarchy.most_specific_sets(predicted[rows])),
            _rows(hierarchy.most_specific_sets(true[rows])),
            strict=True,
        )
        for predicted_labels, true_labels in pairs:
            if predicted_labels == true_labels:  # every label is linked to itself
                both = left = right = len(true_labels)
            else:
                predicted_graph, true_graph = paths.link(predicted_labels, true_labels)
                both = len(predicted_graph & true_graph)
                left, right = len(predicted_graph), len(true_graph)
            hits, predicted_size, true_size = hits + both, predicted_size + left, true_size + right
    return PrecisionRecall.from_counts(hits, predicted_size, true_size)


def _rows(sets: csr_array[np.bool_]) -> Iterator[tuple[int, ...]]:
    """Yield the columns of each row."""
    for start, end in itertools.pairwise(sets.indptr):
        yield tuple(sets.indices[start:end].tolist())


class _UpwardPaths:
    """Shortest ways up, found once for each label that is asked for."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self._hierarchy = hierarchy
        self._ways: dict[int, dict[int, tuple[int, int]]] = {_ROOT: {_ROOT: (0, _ROOT)}}

    def link(self, left: Iterable[int], right: Iterable[int]) -> tuple[set[int], set[int]]:
        """Return the graphs of two sets of labels, without the root."""
        left, right = tuple(left) or (_ROOT,), tuple(right) or (_ROOT,)
        graphs: tuple[set[int], set[int]] = (set(), set())
        for ours, theirs, (graph, other_graph) in (
            (left, self._nearest(right), graphs),
            (right, self._nearest(left), graphs[::-1]),
        ):
            for label in ours:
                ancestor, other = self._lowest_common(label, theirs)
                graph |= self._path(label, ancestor)
                other_graph |= self._path(other, ancestor)
        for graph in graphs:
            graph.discard(_ROOT)
        return graphs

    def _nearest(self, labels: Iterable[int]) -> Nearest:
        nearest: Nearest = {}
        for label in labels:
            for ancestor, (distance, _) in self._ways_up(label).items():
                found = (distance, label)
                if ancestor not in nearest or found < nearest[ancestor]:
                    nearest[ancestor] = found
        return nearest

    def _lowest_common(self, label: int, nearest: Nearest) -> tuple[int, int]:
        """Return the common ancestor and the label on its other side."""
        _, ancestor, other = min(
            (distance + nearest[ancestor][0], -ancestor, nearest[ancestor][1])
            for ancestor, (distance, _) in self._ways_up(label).items()
            if ancestor in nearest
        )
        return -ancestor, other

    def _path(self, label: int, ancestor: int) -> set[int]:
        ways, path = self._ways_up(label), {ancestor}
        while ancestor != label:
            ancestor = ways[ancestor][1]
            path.add(ancestor)
        return path

    def _ways_up(self, label: int) -> dict[int, tuple[int, int]]:
        """Return for each ancestor its distance and the node before it on the way."""
        if label in self._ways:
            return self._ways[label]
        ways = {label: (0, label)}
        waiting = deque([label])
        while waiting:
            node = waiting.popleft()
            for parent in self._hierarchy.parents(node).tolist() or [_ROOT]:
                if parent not in ways:
                    ways[parent] = (ways[node][0] + 1, node)
                    if parent != _ROOT:
                        waiting.append(parent)
        self._ways[label] = ways
        return ways

"""The linear branch: from n-grams to margins, and to files and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._tables import shown
from harnn.branches.branch import MOST_TRIALS, Evidence, Parts
from harnn.branches.linear.classifier import LinearClassifier
from harnn.branches.stored import Arrays, StoredModel, is_number, is_whole, strings
from harnn.corpus import Corpus, NgramsView, View
from harnn.errors import BundleError, Problem
from harnn.taxonomy import Taxonomy
from harnn.text.ngrams import NGRAM_KINDS, NgramFeatures

FORMAT = 1
FILE = "linear.json"
_LONGEST_PIECE = 100


@dataclass(frozen=True, eq=False)
class LinearBranch:
    """N-gram features with a linear classifier on them."""

    features: NgramFeatures
    classifier: LinearClassifier
    cost: float
    """Of an error in training."""

    @property
    def name(self) -> str:
        return "linear"

    @property
    def reads(self) -> Mapping[str, View | None]:
        return {"ngrams": NgramsView(self.features)}

    def logits(self, corpus: Corpus) -> NDArray[np.float32]:
        """Return the margins (N, C), above 0 where a label fits."""
        return self.classifier.margins(corpus.views["ngrams"])

    def explain(self, corpus: Corpus, row: int) -> Evidence:  # noqa: ARG002
        """Ask about every word: nothing is as quick."""
        return Evidence(MOST_TRIALS)

    def to_parts(self, *, light: bool = False, int8: bool = False) -> Parts:  # noqa: ARG002
        """Return arrays ``linear.*`` and the file of the n-grams; it is light as it is."""
        weights = self.classifier.weights
        arrays: dict[str, NDArray[Any]] = {
            "weights": weights.data.astype(np.float16),
            "columns": weights.indices.astype(np.int32),
            "rows": weights.indptr.astype(np.int64),
            "bias": self.classifier.bias,
            "pairs": self.features.pairs,
        }
        arrays |= {f"idf.{kind}": self.features.idf[kind] for kind in NGRAM_KINDS}
        settings = {
            "format": FORMAT,
            "piece_sizes": list(self.features.piece_sizes),
            "cost": self.cost,
            "words": list(self.features.words),
            "pieces": list(self.features.pieces),
        }
        return Parts(
            arrays={f"linear.{name}": np.ascontiguousarray(x) for name, x in arrays.items()},
            files={FILE: _to_bytes(settings)},
        )

    @classmethod
    def from_parts(cls, stored: StoredModel, taxonomy: Taxonomy) -> Self | None:
        path = stored.path_of(FILE)
        if path is None:
            return None
        branch = cls._read(stored.under("linear"), stored.read_json(FILE), where=str(path))
        found = len(branch.classifier.bias)
        stored.check_label_count(str(path), "linear branch", found, taxonomy)
        return branch

    @classmethod
    def _read(cls, arrays: Arrays, settings: Any, *, where: str) -> Self:
        try:
            if settings["format"] != FORMAT:
                raise ValueError(f"format {shown(settings['format'])}, expected {FORMAT}")
            features = _read_features(arrays, settings)
            classifier = _read_classifier(arrays, len(features))
            cost = settings["cost"]
            if not is_number(cost, 0, float("inf")):
                raise ValueError(f"cost: got {shown(cost)}, expected a number")
        except (KeyError, TypeError, ValueError) as error:
            what = f"the linear branch is damaged: {type(error).__name__}: {error}."
            raise BundleError(Problem(where, what)) from None
        return cls(features, classifier, float(cost))


def _read_features(arrays: Arrays, settings: Any) -> NgramFeatures:
    """Raises:
    KeyError, TypeError, ValueError: parts are missing or do not fit together.
    """
    sizes = settings["piece_sizes"]
    if (
        not isinstance(sizes, list)
        or len(sizes) != 2
        or not is_whole(sizes[1], 0, _LONGEST_PIECE)
        or not is_whole(sizes[0], 0, sizes[1])
    ):
        raise ValueError(f"piece_sizes: got {shown(sizes)}, expected shortest and longest")
    features = NgramFeatures(
        words=strings(settings["words"], "words"),
        pieces=strings(settings["pieces"], "pieces"),
        pairs=_vector(arrays, "pairs", np.int64),
        idf={kind: _vector(arrays, f"idf.{kind}", np.float32) for kind in NGRAM_KINDS},
        piece_sizes=(sizes[0], sizes[1]),
    )
    for kind, held in zip(NGRAM_KINDS, features.sizes, strict=True):
        if len(features.idf[kind]) != held:
            raise ValueError(f"{len(features.idf[kind])} weights for {held} {kind}")
    pairs, known = features.pairs, len(features.words)
    if len(pairs) and (pairs[0] < 0 or pairs[-1] >= known**2 or (np.diff(pairs) <= 0).any()):
        raise ValueError("the pairs of words do not ascend")
    return features


def _read_classifier(arrays: Arrays, features: int) -> LinearClassifier:
    """Raises:
    KeyError, ValueError: parts are missing or do not fit together.
    """
    bias = _vector(arrays, "bias", np.float32)
    cells = (
        _vector(arrays, "weights", np.float16).astype(np.float32),
        _vector(arrays, "columns", np.int32),
        _vector(arrays, "rows", np.int64),
    )
    weights = csr_array(cells, shape=(features, len(bias)))
    weights.check_format(full_check=True)
    return LinearClassifier(weights, bias)


def _vector(arrays: Arrays, name: str, kind: type) -> NDArray[Any]:
    array = arrays[name]
    if array.ndim != 1 or array.dtype != kind:
        expected = f"expected {np.dtype(kind)} in one dimension"
        raise ValueError(f"{name}: got {array.dtype} of shape {array.shape}, {expected}")
    return array


def _to_bytes(settings: Any) -> bytes:
    # Half surrogates, which texts may hold, become the escapes that JSON has for them.
    return json.dumps(settings, ensure_ascii=False).encode("utf-8", "backslashreplace")

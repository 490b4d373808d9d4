"""The sparse branch: from texts to margins, and to files and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from harnn.errors import BundleError, Problem
from harnn.linear.classifier import LinearClassifier, train_linear
from harnn.linear.features import KINDS, NgramFeatures, find_words

_PIECE_SIZES = (2, 5)
_SHORT_TEXT = 50
"""Words, on average, up to which pieces of words are read too: of a short text every hint counts;
for a long one they bring next to nothing and cost five times the time."""
_SAMPLED_TEXTS = 1_000
COSTS = (1.0, 0.3)
_SMALL_WORK = 1e9
"""Products of a vector's entry and a label, up to which every cost is tried."""
FORMAT = 1


@dataclass(frozen=True, eq=False)
class LinearBranch:
    """N-gram features with a linear classifier on them."""

    features: NgramFeatures
    classifier: LinearClassifier
    cost: float
    """Of an error in training."""

    @classmethod
    def candidates(
        cls,
        texts: Iterable[str],
        targets: csr_array,
        *,
        names: Sequence[str],
        closure: csr_array,
        parents: Sequence[NDArray[Any]],
        seed: int = 0,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[Self]:
        """Train on *texts* and on the labels' names, each as one more document of its label.

        Yields branches that differ in the cost of errors: where it takes but seconds, one that
        follows the documents closely and one that allows more errors. Which is better depends on
        how well the labels can be told from the words; only held-out documents say.

        targets: (N, C), closed upward; names: C; closure: (C, C), each label with its ancestors;
        parents: as in :func:`harnn.linear.train_linear`.

        Raises:
            InterruptedError: *stopped* said so.
        """
        stream = iter(texts)
        sample = list(islice(stream, _SAMPLED_TEXTS))
        words = sum(len(find_words(text)) for text in sample) / max(len(sample), 1)
        features, vectors = NgramFeatures.build(
            chain(sample, stream, names),
            piece_sizes=_PIECE_SIZES if words <= _SHORT_TEXT else (0, 0),
        )
        every = csr_array(vstack([targets, closure], format="csr"))
        small = vectors.nnz * every.shape[1] <= _SMALL_WORK
        for cost in COSTS if small else COSTS[:1]:
            classifier = train_linear(
                vectors,
                every,
                parents=parents,
                cost=cost,
                seed=seed,
                stopped=stopped,
            )
            yield cls(features, classifier, cost)

    def margins(self, texts: Iterable[str]) -> NDArray[np.float32]:
        """Return the margins (N, C) of texts, above 0 where a label fits."""
        return self.classifier.margins(self.features.vectors(texts))

    def to_parts(self) -> tuple[dict[str, NDArray[Any]], str]:
        """Return the arrays and the JSON text that :meth:`from_parts` reads."""
        weights = self.classifier.weights
        arrays: dict[str, NDArray[Any]] = {
            "weights": weights.data.astype(np.float16),
            "columns": weights.indices.astype(np.int32),
            "rows": weights.indptr.astype(np.int64),
            "bias": self.classifier.bias,
            "pairs": self.features.pairs,
        }
        arrays |= {f"idf.{kind}": self.features.idf[kind] for kind in KINDS}
        settings = {
            "format": FORMAT,
            "piece_sizes": list(self.features.piece_sizes),
            "cost": self.cost,
            "words": list(self.features.words),
            "pieces": list(self.features.pieces),
        }
        return arrays, json.dumps(settings, ensure_ascii=False)

    @classmethod
    def from_parts(
        cls, arrays: Mapping[str, NDArray[Any]], settings: Any, *, where: str = ""
    ) -> Self:
        """Read what :meth:`to_parts` returned.

        Raises:
            BundleError: parts are missing or do not fit together.
        """
        try:
            if settings["format"] != FORMAT:
                raise ValueError(f"format {settings['format']!r}, expected {FORMAT}")
            shortest, longest = settings["piece_sizes"]
            features = NgramFeatures(
                words=tuple(settings["words"]),
                pieces=tuple(settings["pieces"]),
                pairs=arrays["pairs"],
                idf={kind: arrays[f"idf.{kind}"] for kind in KINDS},
                piece_sizes=(int(shortest), int(longest)),
            )
            for kind, held in zip(KINDS, features.sizes, strict=True):
                if len(features.idf[kind]) != held:
                    raise ValueError(f"{len(features.idf[kind])} weights for {held} {kind}")
            bias = arrays["bias"]
            weights = csr_array(
                (arrays["weights"].astype(np.float32), arrays["columns"], arrays["rows"]),
                shape=(len(features), len(bias)),
            )
            weights.check_format(full_check=True)
            cost = float(settings["cost"])
        except (KeyError, TypeError, ValueError) as error:
            what = f"the linear branch is damaged: {type(error).__name__}: {error}."
            raise BundleError(Problem(where, what)) from None
        return cls(features, LinearClassifier(weights, bias), cost)

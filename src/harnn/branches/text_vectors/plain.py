"""The branch on vectors of whole texts as NumPy computes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from harnn._scratch import blank
from harnn.branches.branch import (
    MOST_TRIALS,
    SLOW_TRIALS,
    Evidence,
    Parts,
    StoredModel,
)
from harnn.branches.text_vectors.encoders import store_encoder
from harnn.branches.text_vectors.onnx_encoder import OnnxEncoder
from harnn.branches.text_vectors.storage import PLACE
from harnn.corpus import Corpus, TextVectorsView, View
from harnn.errors import BundleError, Problem
from harnn.taxonomy import Taxonomy
from harnn.text import TextEncoder

_ROWS_AT_ONCE = 4_096


@dataclass(frozen=True, eq=False)
class PlainTextVectorNetwork:
    """:class:`harnn.branches.text_vectors.TextVectorNetwork` with NumPy."""

    hidden_weight: NDArray[np.float32]
    """(H, D)"""
    hidden_bias: NDArray[np.float32]
    predict_weight: NDArray[np.float32]
    """(C, H)"""
    predict_bias: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Raises:
        ValueError: the parts do not fit together.
        """
        (hidden, size), (labels, read) = self.hidden_weight.shape, self.predict_weight.shape
        expected = ((hidden,), (labels,))
        found = (self.hidden_bias.shape, self.predict_bias.shape)
        if found != expected or read != hidden or not size:
            raise ValueError(f"Expected biases of shape {expected}, got {found}.")

    @property
    def label_count(self) -> int:
        """C."""
        return len(self.predict_bias)

    def to_arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return the weights by their names in a model directory."""
        return {
            "hidden.bias": self.hidden_bias,
            "hidden.weight": self.hidden_weight,
            "predict.bias": self.predict_bias,
            "predict.weight": self.predict_weight,
        }

    def logits(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits (N, C) of vectors (N, D) of length 1."""
        logits = blank((len(vectors), self.label_count), np.float32)
        for start in range(0, len(vectors), _ROWS_AT_ONCE):
            part = vectors[start : start + _ROWS_AT_ONCE] * np.float32(vectors.shape[1] ** 0.5)
            hidden = np.maximum(part @ self.hidden_weight.T + self.hidden_bias, 0)
            logits[start : start + _ROWS_AT_ONCE] = (
                hidden @ self.predict_weight.T + self.predict_bias
            )
        return logits


@dataclass(frozen=True, eq=False)
class PlainTextVectorsBranch:
    """A network of one hidden layer on vectors of whole texts, without PyTorch."""

    network: PlainTextVectorNetwork
    encoder: TextEncoder | None
    """None: the vectors come from elsewhere."""

    @property
    def name(self) -> str:
        return "text_vectors"

    @property
    def exported(self) -> bool:
        """Whether its encoder is a graph; the network itself is as it was trained."""
        return isinstance(self.encoder, OnnxEncoder)

    @property
    def waits(self) -> bool:
        """Whether its encoder takes long: all but tables do."""
        return self.encoder is not None and self.encoder.record.name != "static"

    @property
    def reads(self) -> Mapping[str, View | None]:
        return {"text_vectors": None if self.encoder is None else TextVectorsView(self.encoder)}

    def logits(self, corpus: Corpus) -> NDArray[np.float32]:
        return self.network.logits(corpus.views["text_vectors"])

    def explain(self, corpus: Corpus, row: int) -> Evidence:  # noqa: ARG002
        """See :class:`Evidence`; an encoder that takes long is asked less often."""
        return Evidence(0 if self.encoder is None else SLOW_TRIALS if self.waits else MOST_TRIALS)

    def to_parts(self, *, light: bool = False, int8: bool = False) -> Parts:  # noqa: ARG002
        """Return arrays ``sentence.*``, the shape, and what is stored of the encoder."""
        stored = Parts()
        if self.encoder is not None:
            stored = store_encoder(self.encoder, light=True)
        arrays = {f"{PLACE}.{name}": array for name, array in self.network.to_arrays().items()}
        hidden, size = self.network.hidden_weight.shape
        shape = {"input_size": size, "hidden_size": hidden, "labels": self.network.label_count}
        return Parts(arrays | stored.arrays, {PLACE: shape} | stored.settings, stored.files)

    @classmethod
    def from_parts(
        cls, stored: StoredModel, taxonomy: Taxonomy, encoder: TextEncoder | None = None
    ) -> Self | None:
        arrays, where = stored.under(PLACE), stored.arrays_path
        if not arrays:
            return None
        try:
            network = PlainTextVectorNetwork(
                **{
                    f"{layer}_{part}": np.asarray(arrays[f"{layer}.{part}"], dtype=np.float32)
                    for layer in ("hidden", "predict")
                    for part in ("weight", "bias")
                }
            )
        except (KeyError, ValueError) as error:
            what = f"the branch on vectors of whole texts is damaged: {error}."
            raise BundleError(Problem(where, what)) from None
        what = "branch on vectors of whole texts"
        stored.check_label_count(where, what, network.label_count, taxonomy)
        return cls(network, encoder)

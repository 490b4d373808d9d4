"""The branch on vectors of whole texts as PyTorch computes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from harnn._scratch import blank
from harnn.branches.branch import (
    MOST_TRIALS,
    SLOW_TRIALS,
    Evidence,
    Parts,
    StoredModel,
)
from harnn.branches.text_vectors.encoders import store_encoder
from harnn.branches.text_vectors.network import TextVectorNetwork, TextVectorShape
from harnn.branches.text_vectors.plain import PlainTextVectorNetwork, PlainTextVectorsBranch
from harnn.branches.text_vectors.storage import PLACE
from harnn.branches.torch_parts import fill_module, pack_module
from harnn.corpus import Corpus, TextVectorsView, View
from harnn.errors import BundleError, Problem
from harnn.taxonomy import Taxonomy
from harnn.text import TextEncoder

_ROWS_AT_ONCE = 4_096


@dataclass(frozen=True, eq=False)
class TextVectorsBranch:
    """A network of one hidden layer on vectors of whole texts."""

    network: TextVectorNetwork
    encoder: TextEncoder | None
    """None: the vectors come from elsewhere."""

    @property
    def name(self) -> str:
        return "text_vectors"

    @property
    def networks(self) -> tuple[nn.Module, ...]:
        """What can be moved to another device: an encoder that PyTorch computes."""
        return tuple(getattr(self.encoder, "networks", ()))

    @property
    def waits(self) -> bool:
        """Whether its encoder takes long: all but tables do."""
        return self.encoder is not None and self.encoder.record.name != "static"

    @property
    def reads(self) -> Mapping[str, View | None]:
        return {"text_vectors": None if self.encoder is None else TextVectorsView(self.encoder)}

    @torch.inference_mode()
    def logits(self, corpus: Corpus) -> NDArray[np.float32]:
        vectors = torch.from_numpy(corpus.views["text_vectors"])
        logits = blank((len(vectors), self.network.shape.labels), np.float32)
        for start in range(0, len(vectors), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            logits[rows] = self.network(vectors[rows]).numpy()
        return logits

    def explain(self, corpus: Corpus, row: int) -> Evidence:  # noqa: ARG002
        """See :class:`Evidence`; an encoder that takes long is asked less often."""
        return Evidence(0 if self.encoder is None else SLOW_TRIALS if self.waits else MOST_TRIALS)

    def to_parts(self, *, light: bool = False, int8: bool = False) -> Parts:
        """Return arrays ``sentence.*``, the shape, and what is stored of the encoder."""
        stored = Parts()
        if self.encoder is not None:
            stored = store_encoder(self.encoder, light=light, int8=int8)
        return Parts(
            arrays=pack_module(PLACE, self.network) | stored.arrays,
            settings={PLACE: self.network.shape.to_dict()} | stored.settings,
            files=stored.files,
        )

    def without_torch(self) -> PlainTextVectorsBranch:
        """Return the same as NumPy computes it."""
        packed = pack_module(PLACE, self.network).items()
        weights = {name.removeprefix(f"{PLACE}.").replace(".", "_"): x for name, x in packed}
        return PlainTextVectorsBranch(PlainTextVectorNetwork(**weights), self.encoder)

    @classmethod
    def from_parts(
        cls, stored: StoredModel, taxonomy: Taxonomy, encoder: TextEncoder | None = None
    ) -> Self | None:
        where = stored.settings_path
        try:
            shape = TextVectorShape(**stored.settings[PLACE])
        except TypeError as error:
            what = f"the shape of the branch on vectors of whole texts is damaged: {error}."
            raise BundleError(Problem(where, what)) from None
        what = "branch on vectors of whole texts"
        stored.check_label_count(where, what, shape.labels, taxonomy)
        with torch.random.fork_rng(devices=[]):
            network = TextVectorNetwork(shape)
        filled = fill_module(network, stored.under(PLACE), stored.arrays_path)
        return cls(filled, encoder)

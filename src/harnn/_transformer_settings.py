"""How a pretrained transformer encoder is read and fine-tuned: the table ``[transformer]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harnn._tables import between, remembers_what_is_given, shown
from harnn.errors import Problem

TransformerHead = Literal["mean", "hierarchical"]


@remembers_what_is_given
@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """How the encoder that ``model.transformer`` names is fine-tuned."""

    tokens: int = 128
    """Pieces of words that the encoder reads at once, those around a text included."""
    windows: int = 1
    """Stretches of ``tokens`` read of a document, at most; what is beyond them is left out, and
    counted. The head reads the states of all of them together."""
    head: TransformerHead = "mean"
    """What reads the states of the tokens: ``mean``, one layer on their mean, or ``hierarchical``,
    the network's attention for each level, with its ``model.attention_size``, ``model.fc_size`` and
    ``model.alpha``."""
    epochs: int = 5
    """At most."""
    batch_size: int = 32
    """Documents."""
    learning_rate: float = 2e-4
    """The peak for the encoder's last layer: linear warm-up, then linear decay to zero."""
    layer_decay: float = 0.9
    """Each layer learns at so much of the rate of the one above it, the embeddings likewise."""
    head_rate: float = 10.0
    """The head learns at so many times the rate of the last layer."""
    frozen_layers: int = 0
    """The lowest layers that stay as they are, the embeddings with them; 0: everything learns; as
    many as the encoder has: the head alone learns, from states that are computed once."""
    warmup: float = 0.1
    """Share of all steps spent warming up."""
    weight_decay: float = 0.01
    """Of AdamW."""
    dropout: float = 0.1
    """Of what the head reads; within the encoder its own configuration says."""
    average: float = 0.25
    """The weights kept are a running average over so many epochs; 0: the last step's."""
    patience: int = 2
    """Epochs without a better validation score before training stops."""
    recompute: bool = False
    """Hold the states between layers alone and compute the rest again for the gradients: a third
    slower, in a fraction of the memory (gradient checkpointing)."""

    def check(self) -> list[Problem]:
        """Return what is out of range."""
        problems = [
            *between("transformer.tokens", self.tokens, 4, 65_536),
            *between("transformer.windows", self.windows, 1, 65_536),
            *between("transformer.epochs", self.epochs, 1, 1_000_000),
            *between("transformer.batch_size", self.batch_size, 1, 1_000_000),
            *between("transformer.head_rate", self.head_rate, 0, 1e6),
            *between("transformer.frozen_layers", self.frozen_layers, 0, 1_000),
            *between("transformer.warmup", self.warmup, 0, 1),
            *between("transformer.weight_decay", self.weight_decay, 0, 1_000),
            *between("transformer.dropout", self.dropout, 0, 0.95),
            *between("transformer.average", self.average, 0, 1_000_000),
            *between("transformer.patience", self.patience, 1, 1_000_000),
        ]
        for name, most in (("learning_rate", 100.0), ("layer_decay", 1.0)):
            value = getattr(self, name)
            if not 0 < value <= most:
                what = f"got {shown(value)}, expected more than 0 and at most {most:g}."
                problems.append(Problem(f"transformer.{name}", what))
        return problems

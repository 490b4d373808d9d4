"""HARNN: embedding, recurrent encoder, one attention module per level, global head."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harnn.network.beam import Beam
from harnn.network.constraint import MaxConstraint
from harnn.network.dropout import Dropout
from harnn.network.head import HarnnOutput, HeadShape, HierarchicalHead
from harnn.network.label_share import LabelShare
from harnn.network.recurrent import ENCODERS
from harnn.network.sampling import LabelSample
from harnn.taxonomy import Hierarchy


@dataclass(frozen=True, kw_only=True)
class NetworkShape:
    """Every number that shapes the network; enough to build it again."""

    mode: str
    """``harnn`` or ``paper``."""
    vocabulary_size: int
    embedding_size: int
    lstm_size: int
    attention_size: int
    fc_size: int
    level_sizes: tuple[int, ...]
    dropout: float
    embedding_dropout: float
    alpha: float
    encoder: str = "lstm"
    """``lstm`` or ``mingru``."""
    max_constraint: bool = False
    """Whether scores respect the hierarchy by construction."""

    @property
    def label_count(self) -> int:
        """C."""
        return sum(self.level_sizes)

    def to_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self) | {"level_sizes": list(self.level_sizes)}


class HarnnNetwork(nn.Module):
    """Hierarchical attention-based recurrent network (doi 10.1145/3357384.3357885).

    ``paper`` follows sections 4.1 to 4.3 of the paper with masks added; ``harnn`` differs as
    :class:`~harnn.network.attention.HarnnLevel` says and has a highway layer in the global head.
    """

    tokens_at_once = 16_384
    """Tokens of documents that are best read together: of more, parts of a batch."""

    def __init__(self, shape: NetworkShape, hierarchy: Hierarchy | None = None) -> None:
        """hierarchy: of the labels; the max-constraint needs it."""
        super().__init__()
        if shape.max_constraint and hierarchy is None:
            raise ValueError("Expected the hierarchy of the labels for the max-constraint.")
        self.shape = shape
        constrained = hierarchy if shape.max_constraint else None
        self.constraint = None if constrained is None else MaxConstraint(constrained)
        self.embedding = nn.Embedding(shape.vocabulary_size, shape.embedding_size, padding_idx=0)
        nn.init.normal_(self.embedding.weight, std=0.1)
        nn.init.zeros_(self.embedding.weight[0])
        self.encoder = ENCODERS[shape.encoder](shape.embedding_size, shape.lstm_size)
        self.head = HierarchicalHead(
            HeadShape(
                input_size=2 * shape.lstm_size,
                attention_size=shape.attention_size,
                fc_size=shape.fc_size,
                level_sizes=shape.level_sizes,
                dropout=shape.dropout,
                alpha=shape.alpha,
                paper=shape.mode == "paper",
            )
        )
        self.embedding_dropout = Dropout(shape.embedding_dropout)
        usual = shape.mode == "harnn" and shape.encoder == "lstm"
        self.replays = usual and self.constraint is None
        """Whether nothing in a step waits for a GPU, so that steps can be recorded."""

    def forward(
        self,
        token_ids: Tensor,
        lengths: Tensor,
        *,
        attention: bool = False,
        sample: LabelSample | None = None,
        beam: Beam | None = None,
    ) -> HarnnOutput:
        """Score token_ids (B, T), padded with 0, of which lengths (B,) tokens are real.

        With a *sample* the logits are those of its labels alone, (B, S). With a *beam* labels
        that it leaves out are scored without what they alone would have read.

        Raises:
            ValueError: mode ``paper``, which reads all labels, with a sample or a beam; or a
                max-constraint with a sample; or attention, or training, with a beam.
        """
        if sample is not None and (self.shape.mode == "paper" or self.shape.max_constraint):
            raise ValueError("Expected mode harnn without max-constraint to train on some labels.")
        if beam is not None and (self.shape.mode == "paper" or attention or self.training):
            raise ValueError("Expected mode harnn, in evaluation, without attention for a beam.")
        mask = torch.arange(token_ids.shape[1], device=token_ids.device) < lengths[:, None]
        words = self.embedding_dropout(self.embedding(token_ids))  # (B, T, E)
        values = self.encoder(words, lengths, mask)  # (B, T, 2H)
        output: HarnnOutput = self.head(
            values, lengths, mask, attention=attention, sample=sample, beam=beam
        )
        return output

    @torch.no_grad()
    def hold(self, share: LabelShare) -> None:
        """Keep the rows of the labels of a share alone, in place.

        Raises:
            ValueError: with a max-constraint, which compares labels of all processes.
        """
        if self.constraint is not None:
            raise ValueError("Expected no max-constraint to share labels out.")
        for name, parameter in self.named_parameters():
            rows = share.rows(name, share.number)
            if rows is not None:
                parameter.data = torch.cat([parameter.data[each] for each in rows])
        self._hold(share, [part.stop - part.start for part in share.parts_of(share.number)])

    @torch.no_grad()
    def hold_all(self, weights: Mapping[str, Tensor]) -> None:
        """Undo :meth:`hold`; weights: of all labels, by name, which become the parameters."""
        share = self.head.share
        assert share is not None
        for name, parameter in self.named_parameters():
            parameter.data = weights[name].to(parameter.device)
        self._hold(None, share.level_sizes)

    def _hold(self, share: LabelShare | None, level_sizes: Sequence[int]) -> None:
        self.shape = dataclasses.replace(self.shape, level_sizes=tuple(level_sizes))
        self.head.hold(share, level_sizes)

    def scores(self, output: HarnnOutput) -> Tensor:
        """Return the scores (B, C), 0 to 1."""
        mixed = self.head.scores(output)
        return mixed if self.constraint is None else self.constraint(mixed)

    def set_label_priors(self, priors: Tensor) -> None:
        """Start every label at its share of the training documents (C numbers in 0..1)."""
        self.head.set_label_priors(priors)

    @torch.no_grad()
    def set_word_vectors(self, vectors: Tensor, *, freeze: bool = False) -> None:
        """Copy word vectors (V, E) into the embedding; ``freeze`` keeps them as they are."""
        self.embedding.weight.copy_(vectors)
        self.embedding.weight.requires_grad_(not freeze)

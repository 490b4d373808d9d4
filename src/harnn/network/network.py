"""HARNN: embedding, recurrent encoder, one attention module per level, global head."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harnn.network.attention import (
    HarnnLevel,
    LevelOutput,
    PaperLevel,
    leave_half_precision,
    maximum_over_tokens,
    mean_over_tokens,
    some_outputs,
)
from harnn.network.beam import Beam
from harnn.network.constraint import MaxConstraint
from harnn.network.dropout import Dropout
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


class HarnnOutput(NamedTuple):
    """Logits of all labels, or a sample, level-major, and the attention where it was asked for."""

    local_logits: Tensor
    """(B, C)"""
    global_logits: Tensor
    """(B, C)"""
    attention: tuple[Tensor, ...]
    """One (B, C_l, T) for each level, rows summing to 1 over real tokens; else empty."""


class Highway(nn.Module):
    """g * relu(W x + b) + (1 - g) * x with g = sigmoid(W_g x + b_g), carrying at first."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.transform = nn.Linear(size, size)
        self.gate = nn.Linear(size, size)
        nn.init.constant_(self.gate.bias, -2.0)
        nn.init.zeros_(self.transform.bias)

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.gate(x))
        return gate * torch.relu(self.transform(x)) + (1 - gate) * x


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
        paper = shape.mode == "paper"
        level = PaperLevel if paper else HarnnLevel
        output_size = 2 * shape.lstm_size
        self.embedding = nn.Embedding(shape.vocabulary_size, shape.embedding_size, padding_idx=0)
        nn.init.normal_(self.embedding.weight, std=0.1)
        nn.init.zeros_(self.embedding.weight[0])
        self.encoder = ENCODERS[shape.encoder](shape.embedding_size, shape.lstm_size)
        self.levels = nn.ModuleList(
            level(output_size, shape.attention_size, shape.fc_size, labels, shape.dropout)
            for labels in shape.level_sizes
        )
        self.global_hidden = nn.Linear(len(shape.level_sizes) * shape.fc_size, shape.fc_size)
        self.highway: nn.Module = nn.Identity() if paper else Highway(shape.fc_size)
        self.global_predict = nn.Linear(shape.fc_size, shape.label_count)
        nn.init.zeros_(self.global_hidden.bias)
        self.embedding_dropout = Dropout(shape.embedding_dropout)
        self.dropout = Dropout(shape.dropout)

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
        values = self.dropout(self.encoder(words, lengths, mask))  # (B, T, 2H)
        document = mean_over_tokens(values, lengths)  # (B, 2H)
        if self.shape.mode != "paper":
            document = torch.cat([document, maximum_over_tokens(values, lengths)], dim=1)  # (B, 4H)
        outputs: list[LevelOutput] = []
        kept: list[NDArray[np.int64]] = []
        level_input = values
        for number, level in enumerate(self.levels, start=1):
            last = number == len(self.levels)
            asked: dict[str, Any] = {"last": last, "attention": attention}
            if sample is not None:
                asked["sample"] = sample.levels[number - 1]
            candidates = beam.candidates(number - 1, kept) if beam is not None else None
            if candidates is not None:
                candidates = candidates.to(token_ids.device)
                output = level.forward_candidates(  # type: ignore[operator]
                    level_input, document, mask, candidates, last=last
                )
            else:
                output = level(level_input, document, mask, **asked)
            outputs.append(output)
            if beam is not None and not last:
                kept.append(beam.kept(number - 1, output.logits))
            if not last:
                level_input = values * output.token_weights[:, :, None].to(values.dtype)
        hidden = torch.cat([output.features for output in outputs], dim=1)  # (B, L F)
        hidden = self.highway(torch.relu(self.global_hidden(hidden)))  # (B, F)
        columns = None if sample is None else sample.columns(self.shape.level_sizes)
        whole = some_outputs(self.global_predict, self.dropout(hidden), columns)
        return HarnnOutput(
            torch.cat([output.logits for output in outputs], dim=1),
            leave_half_precision(whole),
            tuple(leave_half_precision(x.attention) for x in outputs if x.attention is not None),
        )

    def scores(self, output: HarnnOutput) -> Tensor:
        """Mix local and global scores: (1 - alpha) local + alpha global, (B, C) in 0..1."""
        local, whole = torch.sigmoid(output.local_logits), torch.sigmoid(output.global_logits)
        mixed = (1 - self.shape.alpha) * local + self.shape.alpha * whole
        return mixed if self.constraint is None else self.constraint(mixed)

    @torch.no_grad()
    def set_label_priors(self, priors: Tensor) -> None:
        """Start every label at its share of the training documents (C numbers in 0..1).

        Without it the first epoch goes to learning that most labels are rare.
        """
        biases = torch.logit(priors.float(), eps=1e-4)
        self.global_predict.bias.copy_(biases)
        parts = torch.split(biases, list(self.shape.level_sizes))
        for level, part in zip(self.levels, parts, strict=True):
            level.predict.bias.copy_(part)  # type: ignore[union-attr, operator]

    @torch.no_grad()
    def set_word_vectors(self, vectors: Tensor, *, freeze: bool = False) -> None:
        """Copy word vectors (V, E) into the embedding; ``freeze`` keeps them as they are."""
        self.embedding.weight.copy_(vectors)
        self.embedding.weight.requires_grad_(not freeze)

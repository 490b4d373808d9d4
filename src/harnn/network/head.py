"""Heads: logits from the states of tokens, be they of a recurrent encoder or a transformer.

A head reads values (B, T, D), zero at padding, lengths (B,) and mask (B, T).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
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
from harnn.network.dropout import Dropout
from harnn.network.label_share import LabelShare, enter
from harnn.network.sampling import LabelSample


@dataclass(frozen=True, kw_only=True)
class HeadShape:
    """Every number that shapes the head."""

    input_size: int
    """D of the states that it reads: 2H of a recurrent encoder."""
    attention_size: int
    fc_size: int
    level_sizes: tuple[int, ...]
    dropout: float
    alpha: float
    """Weight of the global scores beside the local ones."""
    paper: bool = False
    """Whether it is that of mode ``paper``."""


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


class MeanHead(nn.Module):
    """logits = W mean over tokens of the values + b: one head, in place of a local and a global."""

    def __init__(self, input_size: int, level_sizes: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        self.level_sizes = level_sizes
        self.predict = nn.Linear(input_size, sum(level_sizes))
        nn.init.normal_(self.predict.weight, std=0.02)
        nn.init.zeros_(self.predict.bias)
        self.dropout = Dropout(dropout)

    def forward(
        self,
        values: Tensor,
        lengths: Tensor,
        mask: Tensor,  # noqa: ARG002
        *,
        attention: bool = False,
        sample: LabelSample | None = None,
    ) -> HarnnOutput:
        """Return the same logits as local and as global ones.

        Raises:
            ValueError: attention is asked for, which it has not.
        """
        if attention:
            raise ValueError("Expected that no attention is asked for: the mean has none.")
        pooled = self.dropout(mean_over_tokens(leave_half_precision(values), lengths))
        columns = None if sample is None else sample.columns(self.level_sizes)
        logits = leave_half_precision(some_outputs(self.predict, pooled, columns))
        return HarnnOutput(logits, logits, ())

    def scores(self, output: HarnnOutput) -> Tensor:
        """Return the scores (B, C), 0 to 1."""
        return torch.sigmoid(output.local_logits)

    @torch.no_grad()
    def set_label_priors(self, priors: Tensor) -> None:
        """Start every label at its share of the training documents (C numbers in 0..1)."""
        self.predict.bias.copy_(torch.logit(priors.float(), eps=1e-4))


class HierarchicalHead(nn.Module):
    """Local logits from one attention module per level, global ones from their features."""

    share: LabelShare | None = None
    """The labels that this process holds, of which the shape tells; None: all."""

    def __init__(self, shape: HeadShape) -> None:
        super().__init__()
        self.shape = shape
        level = PaperLevel if shape.paper else HarnnLevel
        sizes, features = shape.level_sizes, shape.fc_size
        self.levels = nn.ModuleList(
            level(shape.input_size, shape.attention_size, features, labels, shape.dropout)
            for labels in sizes
        )
        self.global_hidden = nn.Linear(len(sizes) * features, features)
        self.highway: nn.Module = nn.Identity() if shape.paper else Highway(features)
        self.global_predict = nn.Linear(features, sum(sizes))
        nn.init.zeros_(self.global_hidden.bias)
        self.dropout = Dropout(shape.dropout)

    def forward(
        self,
        values: Tensor,
        lengths: Tensor,
        mask: Tensor,
        *,
        attention: bool = False,
        sample: LabelSample | None = None,
        beam: Beam | None = None,
    ) -> HarnnOutput:
        """Return the logits and, where it is asked for, the attention.

        With a *sample* the logits are those of its labels alone, (B, S). With a *beam* labels
        that it leaves out are scored without what they alone would have read.
        """
        values = self.dropout(values)
        document = mean_over_tokens(values, lengths)  # (B, D)
        if not self.shape.paper:
            document = torch.cat([document, maximum_over_tokens(values, lengths)], dim=1)  # (B, 2D)
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
                candidates = candidates.to(values.device)
                output = level.forward_candidates(  # type: ignore[operator]
                    level_input, document, mask, candidates, last=last
                )
            else:
                output = level(level_input, document, mask, **asked)
            outputs.append(output)
            if beam is not None and not last:
                share = None if self.share is None else self.share.levels[number - 1]
                kept.append(beam.kept(number - 1, output.logits, share))
            if not last:
                level_input = values * output.token_weights[:, :, None].to(values.dtype)
        hidden = torch.cat([output.features for output in outputs], dim=1)  # (B, L F)
        hidden = self.highway(torch.relu(self.global_hidden(hidden)))  # (B, F)
        columns = None if sample is None else sample.columns(self.shape.level_sizes)
        exchange = None if self.share is None else self.share.exchange
        entered = enter(self.dropout(hidden), exchange)
        whole = some_outputs(self.global_predict, entered, columns)
        return HarnnOutput(
            torch.cat([output.logits for output in outputs], dim=1),
            leave_half_precision(whole),
            tuple(leave_half_precision(x.attention) for x in outputs if x.attention is not None),
        )

    def hold(self, share: LabelShare | None, level_sizes: Sequence[int]) -> None:
        """Take its rows for those of the labels of a share, so many of each level; None: of all."""
        self.share, self.shape = (
            share,
            dataclasses.replace(self.shape, level_sizes=tuple(level_sizes)),
        )
        for number, level in enumerate(self.levels):
            level.share = None if share is None else share.levels[number]  # type: ignore[assignment]

    def scores(self, output: HarnnOutput) -> Tensor:
        """Mix local and global scores: (1 - alpha) local + alpha global, (B, C) in 0..1."""
        local, whole = torch.sigmoid(output.local_logits), torch.sigmoid(output.global_logits)
        return (1 - self.shape.alpha) * local + self.shape.alpha * whole

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

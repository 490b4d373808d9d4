"""One hierarchical attention module (HAM) per level: attention, prediction, dependency.

Letters as in docs/notation.md. A document without tokens gets zero attention and a prediction
from the biases alone.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from harnn.network.beam import Candidates
from harnn.network.dropout import Dropout
from harnn.network.label_attention import LabelAttention
from harnn.network.label_share import Exchange, LevelShare, enter, softmax_over_labels, total
from harnn.network.on_gpu import first_padding
from harnn.network.sampling import LevelSample


class LevelOutput(NamedTuple):
    """What one level hands on."""

    logits: Tensor
    """(B, C_l) local logits P_l before the sigmoid."""
    features: Tensor
    """(B, F) h_l, read by the global head."""
    token_weights: Tensor | None
    """(B, T) omega_l: how much each token matters to the next level; None after the last."""
    attention: Tensor | None
    """(B, C_l, T) over real tokens, each row summing to 1, where it was asked for."""


def leave_half_precision(x: Tensor) -> Tensor:
    """Widen float16 and bfloat16 to float32; float32 and float64 stay as they are."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the last dimension of scores (B, C, T) where mask (B, T) holds, else 0.

    A row without any real token is all zero instead of not a number.
    """
    weights = torch.softmax(scores.masked_fill(~mask[:, None, :], float("-inf")), dim=-1)
    return torch.nan_to_num(weights) if not bool(mask.any(dim=1).all()) else weights


def mean_over_tokens(values: Tensor, lengths: Tensor) -> Tensor:
    """Mean over real tokens of values (B, T, D), zero at padding: (B, D).

    Zero for documents without any.
    """
    total = values.sum(dim=1, dtype=torch.promote_types(values.dtype, torch.float32))
    return (total / lengths[:, None].clamp(min=1)).to(values.dtype)


def maximum_over_tokens(values: Tensor, lengths: Tensor) -> Tensor:
    """Maximum over real tokens of values (B, T, D), zero for documents without any: (B, D)."""
    full = max(first_padding(lengths), 1)
    highest = values[:, :full].max(dim=1).values
    if full < values.shape[1]:
        real = torch.arange(full, values.shape[1], device=values.device) < lengths[:, None]
        rest = values[:, full:].masked_fill(~real[:, :, None], torch.finfo(values.dtype).min)
        highest = torch.maximum(highest, rest.max(dim=1).values)
    return torch.where(lengths[:, None] > 0, highest, torch.zeros_like(highest))


class _TextCategoryAttention(nn.Module):
    """TCA: O = tanh(V W1) (T x A), S = W2 O^T (C_l x T), A_l = softmax over tokens of S."""

    def __init__(self, input_size: int, attention_size: int, label_count: int) -> None:
        super().__init__()
        self.project = nn.Linear(input_size, attention_size, bias=False)
        self.labels = nn.Parameter(torch.empty(label_count, attention_size))
        nn.init.xavier_uniform_(self.project.weight)
        nn.init.normal_(self.labels, std=attention_size**-0.5)

    def forward(self, level_input: Tensor, mask: Tensor, share: LevelShare | None = None) -> Tensor:
        space = self.space(level_input, share)  # (B, T, A)
        return masked_softmax(self.labels @ space.transpose(1, 2), mask)  # (B, C_l, T)

    def space(self, level_input: Tensor, share: LevelShare | None = None) -> Tensor:
        """Return O (B, T, A); share: of labels, where it is read for those alone."""
        weight = enter(self.project.weight, share and share.exchange)
        return torch.tanh(functional.linear(level_input, weight))


class PaperLevel(nn.Module):
    """HAM as in Huang et al. 2019, section 4.2, with the masks that the paper leaves out.

    r_l = mean over labels of A_l V_l; h_l = relu(W_T [mean V; r_l] + b);
    P_l = sigmoid(W_L h_l + b);
    omega_l = mean over labels of softmax_tokens(P_l * A_l). As that softmax is almost uniform
    (each entry near 1/T), later levels see a scaled-down copy of V: a fault of the paper that
    this mode keeps for comparison.
    """

    share: LevelShare | None = None
    """The labels of the level that this process holds; None: all of them."""

    def __init__(
        self, input_size: int, attention_size: int, fc_size: int, label_count: int, dropout: float
    ) -> None:
        super().__init__()
        self.attend = _TextCategoryAttention(input_size, attention_size, label_count)
        self.hidden = nn.Linear(2 * input_size, fc_size)
        self.predict = nn.Linear(fc_size, label_count)
        nn.init.zeros_(self.hidden.bias)  # nothing read, nothing added to the priors
        self.dropout = Dropout(dropout)

    def forward(
        self,
        level_input: Tensor,
        document: Tensor,
        mask: Tensor,
        *,
        last: bool = False,
        attention: bool = False,
    ) -> LevelOutput:
        """Predict one level from V_l (B, T, 2H), mean of V (B, 2H) and mask (B, T)."""
        share, exchange = self.share, self.share and self.share.exchange
        label_count = len(self.attend.labels) if share is None else share.label_count
        weights = self.attend(enter(level_input, exchange), mask, share)  # (B, C_l, T)
        mean = _mean_over_labels(weights, exchange, label_count)  # (B, T)
        pooled = _mean_read_out(mean, level_input)  # (B, 2H)
        features = torch.relu(self.hidden(torch.cat([document, pooled], dim=1)))  # (B, F)
        read = enter(self.dropout(features), exchange)
        logits = leave_half_precision(self.predict(read))  # (B, C_l)
        token_weights = None
        if not last:
            dependency = torch.sigmoid(logits)[:, :, None] * weights
            peaks = masked_softmax(dependency, mask)
            token_weights = _mean_over_labels(peaks, exchange, label_count)  # (B, T)
        return LevelOutput(logits, features, token_weights, weights if attention else None)


class HarnnLevel(nn.Module):
    """HAM repaired and improved.

    Differences from the paper: mean *and* maximum of V stand beside r_l; each label reads what
    its own attention found, logit_c += sum_t A_ct (V_l w_c)_t; and the dependency is
    omega_l = T * sum_c P_c A_c / sum_c P_c, which has mean 1 over the real tokens and is peaked
    where the labels that fired looked, mixed with the identity by a learned weight.
    """

    share: LevelShare | None = None
    """The labels of the level that this process holds; None: all of them."""

    def __init__(
        self, input_size: int, attention_size: int, fc_size: int, label_count: int, dropout: float
    ) -> None:
        super().__init__()
        self.attend = _TextCategoryAttention(input_size, attention_size, label_count)
        self.read_out = nn.Parameter(torch.empty(label_count, input_size))
        self.hidden = nn.Linear(3 * input_size, fc_size)
        self.predict = nn.Linear(fc_size, label_count)
        nn.init.zeros_(self.hidden.bias)  # nothing read, nothing added to the priors
        self.mixing = nn.Parameter(torch.tensor(-2.0))
        self.dropout = Dropout(dropout)
        nn.init.normal_(self.read_out, std=input_size**-0.5)

    def forward(
        self,
        level_input: Tensor,
        document: Tensor,
        mask: Tensor,
        *,
        last: bool = False,
        attention: bool = False,
        sample: LevelSample | None = None,
    ) -> LevelOutput:
        """Predict one level from V_l (B, T, 2H), mean and max of V (B, 4H) and mask (B, T).

        The attention is walked in chunks of labels, unless it is asked for. With a *sample* only
        its labels are predicted, (B, S), and each counts as those it stands for.

        Raises:
            ValueError: attention is asked for where processes share the labels.
        """
        if attention and self.share is not None:
            raise ValueError("Expected all labels in one process to return their attention.")
        if attention:
            return self._forward_plainly(level_input, document, mask, last=last)
        queries: Tensor = self.attend.labels
        read_outs: Tensor = self.read_out
        importance: Tensor | None = None
        if sample is not None:
            queries, read_outs = queries[sample.columns], read_outs[sample.columns]
            importance = sample.importance()
        share, exchange = self.share, self.share and self.share.exchange
        entered = enter(level_input, exchange)
        looks = LabelAttention(
            self.attend.space(entered, share),
            entered,
            mask,
            queries,
            read_outs,
            importance,
            None if share is None else share.label_count,
        ).look()
        mean = total(looks.mean, exchange)
        features, logits = self._predict(level_input, document, mean, looks.read, sample)
        token_weights = None
        if not last:
            shares = _shares(logits, importance, exchange)
            focus = total(looks.attention.focus(shares, looks.read), exchange)
            token_weights = self._token_weights(focus, mask)
        return LevelOutput(logits, features, token_weights, None)

    def forward_candidates(
        self,
        level_input: Tensor,
        document: Tensor,
        mask: Tensor,
        candidates: Candidates,
        *,
        last: bool = False,
    ) -> LevelOutput:
        """As :meth:`forward`, but only a document's own candidates read what they looked at.

        All other labels are given the mean evidence of those that stand for the level.
        """
        share, exchange = self.share, self.share and self.share.exchange
        parts = list(candidates.parts(max(level_input.shape[1:])))
        everywhere = len(candidates.spread)
        label_count = len(self.read_out) if share is None else share.label_count
        stands_for = (label_count - candidates.counts[:, None]) / everywhere  # (B, 1)
        if share is not None:
            candidates = candidates.within(share.part)
        spread = candidates.spread
        space = self.attend.space(level_input)
        queries: Tensor = self.attend.labels
        looks = LabelAttention(
            space, level_input, mask, queries[spread], self.read_out[spread], None, everywhere
        ).look()
        mean = total(looks.mean, exchange)
        features, logits = self._predict(level_input, document, mean, None)
        others = functional.logsigmoid(logits[:, spread] + looks.read) + stands_for.log()
        evidence = leave_half_precision(looks.read)
        found = logits + _mean_over_labels(evidence, exchange, everywhere)[:, None]
        # A column past the last takes what the places without a candidate write.
        found = functional.pad(found, (0, 1))
        shares, focus = torch.empty_like(others), torch.zeros_like(looks.mean)
        for rows in parts:
            columns, real = candidates.columns[rows], candidates.real[rows]
            keys, values = space[rows].transpose(1, 2), level_input[rows].transpose(1, 2)
            weights = masked_softmax(queries[columns] @ keys, mask[rows])  # (b, n, T)
            read = (weights * (self.read_out[columns] @ values)).sum(dim=2)  # (b, n)
            own = logits[rows].gather(1, columns) + leave_half_precision(read)
            found[rows] = found[rows].scatter(1, columns.masked_fill(~real, logits.shape[1]), own)
            if last:
                continue
            seen = functional.logsigmoid(own).masked_fill(~real, float("-inf"))
            every = softmax_over_labels(torch.cat([others[rows], seen], dim=1), exchange)
            shares[rows], mine = every[:, : len(spread)], every[:, None, len(spread) :]
            focus[rows] = (mine @ leave_half_precision(weights)).squeeze(1)
        token_weights = None
        if not last:
            focus += looks.attention.focus(shares, looks.read)
            token_weights = self._token_weights(total(focus, exchange), mask)
        return LevelOutput(found[:, :-1], features, token_weights, None)

    def _forward_plainly(
        self, level_input: Tensor, document: Tensor, mask: Tensor, *, last: bool
    ) -> LevelOutput:
        """The same with the whole attention at hand: what the chunks are tested against."""
        weights = self.attend(level_input, mask)  # (B, C_l, T)
        evidence = self.read_out @ level_input.transpose(1, 2)  # (B, C_l, T)
        read = (weights * evidence).sum(dim=2)  # (B, C_l)
        features, logits = self._predict(level_input, document, weights.mean(dim=1), read)
        token_weights = None if last else self._dependency(logits, weights, mask)
        return LevelOutput(logits, features, token_weights, weights)

    def _dependency(self, logits: Tensor, attention: Tensor, mask: Tensor) -> Tensor:
        looks = leave_half_precision(attention)
        focus = (_shares(logits)[:, None, :] @ looks).squeeze(1)  # (B, T)
        return self._token_weights(focus, mask)

    def _predict(
        self,
        level_input: Tensor,
        document: Tensor,
        mean: Tensor,
        read: Tensor | None,
        sample: LevelSample | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return h_l (B, F) and the logits (B, C_l), or those of the sample.

        read: the evidence, (B, C_l) or (B, S); None: logits without it.
        """
        pooled = _mean_read_out(mean, level_input)  # (B, 2H)
        features = torch.relu(self.hidden(torch.cat([document, pooled], dim=1)))  # (B, F)
        columns = None if sample is None else sample.columns
        entered = enter(self.dropout(features), self.share and self.share.exchange)
        own = leave_half_precision(some_outputs(self.predict, entered, columns))
        return features, own if read is None else own + leave_half_precision(read)

    def _token_weights(self, focus: Tensor, mask: Tensor) -> Tensor:
        """Return omega (B, T) from sum_c P_c A_c / sum_c P_c."""
        weight = torch.sigmoid(self.mixing)
        return (1 - weight) + weight * mask.sum(dim=1, keepdim=True) * focus


def some_outputs(layer: nn.Linear, x: Tensor, columns: Tensor | None) -> Tensor:
    """Return the outputs (B, S) of a layer at *columns* (S,), or all of them."""
    if columns is None:
        return layer(x)  # type: ignore[no-any-return]
    return functional.linear(x, layer.weight[columns], layer.bias[columns])


def _shares(
    logits: Tensor, importance: Tensor | None = None, exchange: Exchange | None = None
) -> Tensor:
    """v_c P_c / sum_c v_c P_c, also where every P_c is too small for the plain quotient."""
    scores = functional.logsigmoid(logits)
    scores = scores if importance is None else scores + importance.log()
    return softmax_over_labels(scores, exchange)


def _mean_over_labels(x: Tensor, exchange: Exchange | None, label_count: int) -> Tensor:
    """Return the mean of x (B, c, ...) over *label_count* labels of all processes, (B, ...)."""
    return x.mean(dim=1) if exchange is None else total(x.sum(dim=1) / label_count, exchange)


def _mean_read_out(mean: Tensor, values: Tensor) -> Tensor:
    """Mean over labels of A V without the C x 2H matrix: (mean_c A_c) V, (B, 2H)."""
    return (mean[:, None, :].to(values.dtype) @ values).squeeze(1)

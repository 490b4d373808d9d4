"""One hierarchical attention module (HAM) per level: attention, prediction, dependency.

Letters as in docs/notation.md. A document without tokens gets zero attention and a prediction
from the biases alone.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class LevelOutput(NamedTuple):
    """What one level hands on."""

    logits: Tensor
    """(B, C_l) local logits P_l before the sigmoid."""
    features: Tensor
    """(B, F) h_l, read by the global head."""
    token_weights: Tensor
    """(B, T) omega_l: how much each token matters to the next level."""
    attention: Tensor
    """(B, C_l, T) over real tokens, each row summing to 1."""


def leave_half_precision(x: Tensor) -> Tensor:
    """Widen float16 and bfloat16 to float32; float32 and float64 stay as they are."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the last dimension of scores (B, C, T) where mask (B, T) holds, else 0.

    A row without any real token is all zero instead of not a number.
    """
    weights = torch.softmax(scores.masked_fill(~mask[:, None, :], float("-inf")), dim=-1)
    return torch.nan_to_num(weights) if not bool(mask.any(dim=1).all()) else weights


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over real tokens of values (B, T, D), zero for documents without any: (B, D)."""
    count = mask.sum(dim=1, keepdim=True).clamp(min=1)
    return (values * mask[:, :, None]).sum(dim=1) / count


def masked_max(values: Tensor, mask: Tensor) -> Tensor:
    """Maximum over real tokens of values (B, T, D), zero for documents without any: (B, D)."""
    lowest = values.masked_fill(~mask[:, :, None], torch.finfo(values.dtype).min).amax(dim=1)
    return torch.where(mask.any(dim=1)[:, None], lowest, torch.zeros_like(lowest))


class _TextCategoryAttention(nn.Module):
    """TCA: O = tanh(V W1) (T x A), S = W2 O^T (C_l x T), A_l = softmax over tokens of S."""

    def __init__(self, input_size: int, attention_size: int, labels: int) -> None:
        super().__init__()
        self.project = nn.Linear(input_size, attention_size, bias=False)
        self.labels = nn.Parameter(torch.empty(labels, attention_size))
        nn.init.xavier_uniform_(self.project.weight)
        nn.init.normal_(self.labels, std=attention_size**-0.5)

    def forward(self, level_input: Tensor, mask: Tensor) -> Tensor:
        space = torch.tanh(self.project(level_input))  # (B, T, A)
        return masked_softmax(self.labels @ space.transpose(1, 2), mask)  # (B, C_l, T)


class PaperLevel(nn.Module):
    """HAM as in Huang et al. 2019, section 4.2, with the masks that the paper leaves out.

    r_l = mean over labels of A_l V_l; h_l = relu(W_T [mean V; r_l] + b);
    P_l = sigmoid(W_L h_l + b);
    omega_l = mean over labels of softmax_tokens(P_l * A_l). As that softmax is almost uniform
    (each entry near 1/T), later levels see a scaled-down copy of V: a fault of the paper that
    this mode keeps for comparison.
    """

    def __init__(
        self, input_size: int, attention_size: int, fc_size: int, labels: int, dropout: float
    ) -> None:
        super().__init__()
        self.attend = _TextCategoryAttention(input_size, attention_size, labels)
        self.hidden = nn.Linear(2 * input_size, fc_size)
        self.predict = nn.Linear(fc_size, labels)
        nn.init.zeros_(self.hidden.bias)  # nothing read, nothing added to the priors
        self.dropout = nn.Dropout(dropout)

    def forward(self, level_input: Tensor, document: Tensor, mask: Tensor) -> LevelOutput:
        """Predict one level from V_l (B, T, 2H), mean of V (B, 2H) and mask (B, T)."""
        attention = self.attend(level_input, mask)  # (B, C_l, T)
        pooled = _mean_read_out(attention, level_input)  # (B, 2H)
        features = torch.relu(self.hidden(torch.cat([document, pooled], dim=1)))  # (B, F)
        logits = leave_half_precision(self.predict(self.dropout(features)))  # (B, C_l)
        dependency = torch.sigmoid(logits)[:, :, None] * attention
        token_weights = masked_softmax(dependency, mask).mean(dim=1)  # (B, T)
        return LevelOutput(logits, features, token_weights, attention)


class HarnnLevel(nn.Module):
    """HAM repaired and improved.

    Differences from the paper: mean *and* maximum of V stand beside r_l; each label reads what
    its own attention found, logit_c += sum_t A_ct (V_l w_c)_t; and the dependency is
    omega_l = T * sum_c P_c A_c / sum_c P_c, which has mean 1 over the real tokens and is peaked
    where the labels that fired looked, mixed with the identity by a learned weight.
    """

    def __init__(
        self, input_size: int, attention_size: int, fc_size: int, labels: int, dropout: float
    ) -> None:
        super().__init__()
        self.attend = _TextCategoryAttention(input_size, attention_size, labels)
        self.read_out = nn.Parameter(torch.empty(labels, input_size))
        self.hidden = nn.Linear(3 * input_size, fc_size)
        self.predict = nn.Linear(fc_size, labels)
        nn.init.zeros_(self.hidden.bias)  # nothing read, nothing added to the priors
        self.mixing = nn.Parameter(torch.tensor(-2.0))
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.read_out, std=input_size**-0.5)

    def forward(self, level_input: Tensor, document: Tensor, mask: Tensor) -> LevelOutput:
        """Predict one level from V_l (B, T, 2H), mean and max of V (B, 4H) and mask (B, T)."""
        attention = self.attend(level_input, mask)  # (B, C_l, T)
        pooled = _mean_read_out(attention, level_input)  # (B, 2H)
        features = torch.relu(self.hidden(torch.cat([document, pooled], dim=1)))  # (B, F)
        evidence = self.read_out @ level_input.transpose(1, 2)  # (B, C_l, T)
        read = (attention * evidence).sum(dim=2)  # (B, C_l)
        own = self.predict(self.dropout(features))  # (B, C_l)
        logits = leave_half_precision(own) + leave_half_precision(read)
        return LevelOutput(logits, features, self._dependency(logits, attention, mask), attention)

    def _dependency(self, logits: Tensor, attention: Tensor, mask: Tensor) -> Tensor:
        # P_c / sum_c P_c, also where every P_c is too small for the plain quotient.
        shares = torch.softmax(functional.logsigmoid(logits), dim=1)  # (B, C_l)
        count = mask.sum(dim=1, keepdim=True)
        looks = leave_half_precision(attention)
        focus = count * (shares[:, None, :] @ looks).squeeze(1)  # (B, T)
        weight = torch.sigmoid(self.mixing)
        return (1 - weight) + weight * focus


def _mean_read_out(attention: Tensor, values: Tensor) -> Tensor:
    """Mean over labels of A V without the C x 2H matrix: (mean_c A_c) V, (B, 2H)."""
    return (attention.mean(dim=1, keepdim=True).to(values.dtype) @ values).squeeze(1)

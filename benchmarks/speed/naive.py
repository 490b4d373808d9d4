"""HARNN as a straightforward port writes it: what the benchmarks compare speed and memory with.

Every document is padded to 256 tokens, two bidirectional LSTM layers read the padding too, each
level holds its attention (B, C, T) whole, targets are dense, all is float32, and a batch is
made of documents of any length. The layers are those of Huang et al. 2019, section 4, with the
sizes that are given; only what slows it down is naive, so its answers are of the same kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

LENGTH = 256
BATCH_SIZE = 32


class NaiveLevel(nn.Module):
    """Text-category attention, class prediction and class dependency of one level."""

    def __init__(self, size: int, attention_size: int, fc_size: int, labels: int) -> None:
        super().__init__()
        self.space = nn.Linear(size, attention_size, bias=False)
        self.attend = nn.Linear(attention_size, labels, bias=False)
        self.hidden = nn.Linear(2 * size, fc_size)
        self.predict = nn.Linear(fc_size, labels)

    def forward(self, values: Tensor, document: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return features (B, F), logits (B, C) and the token weights (B, T)."""
        scores = self.attend(torch.tanh(self.space(values)))  # (B, T, C)
        attention = torch.softmax(scores.transpose(1, 2), dim=2)  # (B, C, T)
        found = attention @ values  # (B, C, 2H)
        features = torch.relu(self.hidden(torch.cat([document, found.mean(dim=1)], dim=1)))
        logits = self.predict(features)
        dependency = torch.sigmoid(logits)[:, :, None] * attention
        return features, logits, torch.softmax(dependency, dim=2).mean(dim=1)


class NaiveHarnn(nn.Module):
    """All levels one after the other, and the global head."""

    def __init__(
        self,
        words: int,
        level_sizes: Sequence[int],
        *,
        embedding_size: int,
        lstm_size: int,
        attention_size: int,
        fc_size: int,
    ) -> None:
        super().__init__()
        size = 2 * lstm_size
        self.embedding = nn.Embedding(words, embedding_size)
        self.lstm = nn.LSTM(
            embedding_size, lstm_size, num_layers=2, bidirectional=True, batch_first=True
        )
        self.levels = nn.ModuleList(
            NaiveLevel(size, attention_size, fc_size, labels) for labels in level_sizes
        )
        self.hidden = nn.Linear(len(level_sizes) * fc_size, fc_size)
        self.predict = nn.Linear(fc_size, sum(level_sizes))
        self.dropout = nn.Dropout(0.5)

    def forward(self, token_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Return local and global logits (B, C) of token_ids (B, 256)."""
        values, _ = self.lstm(self.embedding(token_ids))
        values = self.dropout(values)
        document, level_input = values.mean(dim=1), values
        features, logits = [], []
        for level in self.levels:
            feature, local, weights = level(level_input, document)
            features.append(feature)
            logits.append(local)
            level_input = values * weights[:, :, None]
        hidden = self.dropout(torch.relu(self.hidden(torch.cat(features, dim=1))))
        return torch.cat(logits, dim=1), self.predict(hidden)

    def scores(self, token_ids: Tensor) -> Tensor:
        local, whole = self(token_ids)
        return (torch.sigmoid(local) + torch.sigmoid(whole)) / 2


def batches(
    documents: Sequence[NDArray[np.int32]], targets: NDArray[np.float32], order: Sequence[int]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield token ids (B, 256), cut and padded with 0, and dense targets (B, C)."""
    for start in range(0, len(order), BATCH_SIZE):
        rows = list(order[start : start + BATCH_SIZE])
        token_ids = np.zeros((len(rows), LENGTH), dtype=np.int64)
        for i, row in enumerate(rows):
            tokens = documents[row][:LENGTH]
            token_ids[i, : len(tokens)] = tokens
        yield torch.from_numpy(token_ids), torch.from_numpy(targets[rows])


def train_step(
    network: NaiveHarnn, optimizer: torch.optim.Optimizer, token_ids: Tensor, targets: Tensor
) -> float:
    """Forward, backward and update of one batch; returns its loss."""
    local, whole = network(token_ids)
    loss = functional.binary_cross_entropy_with_logits(local, targets, reduction="sum")
    loss = loss + functional.binary_cross_entropy_with_logits(whole, targets, reduction="sum")
    loss = loss / len(token_ids)
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(network.parameters(), 1.25)
    optimizer.step()
    return float(loss.detach())

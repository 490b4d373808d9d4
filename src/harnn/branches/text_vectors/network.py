"""A network of one hidden layer on the vector of the whole text."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from harnn.network import Dropout


@dataclass(frozen=True, kw_only=True)
class TextVectorShape:
    """Every number that shapes the network."""

    input_size: int
    hidden_size: int
    labels: int

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


class TextVectorNetwork(nn.Module):
    """logits = W2 relu(W1 x sqrt(D) + b1) + b2 for vectors x (B, D) of length 1."""

    def __init__(
        self, shape: TextVectorShape, *, dropout: tuple[float, float] = (0.2, 0.5)
    ) -> None:
        """dropout: of the input and of the hidden layer, in training."""
        super().__init__()
        self.shape = shape
        self.hidden = nn.Linear(shape.input_size, shape.hidden_size)
        self.predict = nn.Linear(shape.hidden_size, shape.labels)
        self.input_dropout, self.dropout = Dropout(dropout[0]), Dropout(dropout[1])

    def forward(self, vectors: Tensor) -> Tensor:
        """Return the logits (B, C) of vectors (B, D)."""
        scaled = self.input_dropout(vectors * self.shape.input_size**0.5)
        return self.predict(self.dropout(torch.relu(self.hidden(scaled))))  # type: ignore[no-any-return]

    @torch.no_grad()
    def set_label_priors(self, priors: Tensor) -> None:
        """Start every label at its share of the training documents (C numbers in 0..1)."""
        self.predict.bias.copy_(torch.logit(priors.float(), eps=1e-4))

"""Labels read from the states of a pretrained transformer encoder, whatever its architecture."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from harnn.network.attention import leave_half_precision, some_outputs
from harnn.network.beam import Beam
from harnn.network.constraint import MaxConstraint
from harnn.network.dropout import Dropout
from harnn.network.network import HarnnOutput
from harnn.network.sampling import LabelSample

_LENGTH_STEP = 8
"""Windows are padded to multiples of it: oneDNN keeps buffers for every shape it has met."""


@dataclass(frozen=True, kw_only=True)
class TransformerShape:
    """Every number that shapes the network beside its encoder."""

    hidden_size: int
    """D of the encoder's states."""
    level_sizes: tuple[int, ...]
    tokens: int
    """Of a window, with those that stand around its pieces."""
    windows: int
    """Of a document, at most."""
    before: tuple[int, ...]
    """Token ids that begin a window, such as [CLS]."""
    after: tuple[int, ...]
    """Token ids that end a window, such as [SEP]."""
    padding_id: int
    dropout: float

    @property
    def label_count(self) -> int:
        """C."""
        return sum(self.level_sizes)

    @property
    def room(self) -> int:
        """Pieces of text that a window holds."""
        return self.tokens - len(self.before) - len(self.after)

    @property
    def pieces(self) -> int:
        """Pieces read of a document, at most."""
        return self.room * self.windows

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        plain = dataclasses.asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items()}


_PRODUCTS_AT_ONCE = 20_000_000_000
_LEAST_TOKENS, _MOST_TOKENS = 128, 2_048
"""Read together: a second's work at most, so that a stop is answered, and memory is bounded."""


class Windows(NamedTuple):
    """The windows of a batch of documents."""

    token_ids: Tensor
    """(W, T) int64."""
    mask: Tensor
    """(W, T) true at real tokens."""
    documents: Tensor
    """(W,) int64, the row of the document that each is of."""


class TransformerNetwork(nn.Module):
    """logits = W mean over tokens of the encoder's states + b, those of all windows together."""

    def __init__(self, encoder: nn.Module, shape: TransformerShape) -> None:
        """encoder: takes ``input_ids`` and ``attention_mask`` and returns an object with
        ``last_hidden_state`` (W, T, D), as the models of the library ``transformers`` do.
        """
        super().__init__()
        self.shape = shape
        self.constraint: MaxConstraint | None = None
        self.encoder = encoder
        self.predict = nn.Linear(shape.hidden_size, shape.label_count)
        nn.init.normal_(self.predict.weight, std=0.02)
        nn.init.zeros_(self.predict.bias)
        self.dropout = Dropout(shape.dropout)
        sizes = sorted(parameter.numel() for parameter in encoder.parameters())
        most = _PRODUCTS_AT_ONCE // max(1, sum(sizes[:-1]))  # but for the vectors of pieces
        self.tokens_at_once = max(_LEAST_TOKENS, min(_MOST_TOKENS, most))

    def forward(
        self,
        token_ids: Tensor,
        lengths: Tensor,
        *,
        attention: bool = False,
        sample: LabelSample | None = None,
        beam: Beam | None = None,
    ) -> HarnnOutput:
        """Score pieces token_ids (B, T), padded with anything, of which lengths (B,) are real.

        With a *sample* the logits are those of its labels alone, (B, S). There is one head, whose
        logits stand for the local and for the global ones.

        Raises:
            ValueError: attention or a beam is wanted.
        """
        if attention or beam is not None:
            raise ValueError("Expected no beam, and that no attention is asked for.")
        windows = cut_windows(token_ids, lengths, self.shape)
        states = self.encoder(
            input_ids=windows.token_ids, attention_mask=windows.mask.long()
        ).last_hidden_state  # (W, T, D)
        real = windows.mask[:, :, None]
        total = leave_half_precision(states).masked_fill(~real, 0).sum(dim=1)  # (W, D)
        counts = windows.mask.sum(dim=1, keepdim=True).to(total.dtype)
        documents = total.new_zeros(len(lengths), total.shape[1])
        documents = documents.index_add(0, windows.documents, total)
        counts = counts.new_zeros(len(lengths), 1).index_add(0, windows.documents, counts)
        columns = None if sample is None else sample.columns(self.shape.level_sizes)
        pooled = self.dropout(documents / counts.clamp(min=1))
        logits = leave_half_precision(some_outputs(self.predict, pooled, columns))
        return HarnnOutput(logits, logits, ())

    def scores(self, output: HarnnOutput) -> Tensor:
        """Return the scores (B, C), 0 to 1."""
        return torch.sigmoid(output.local_logits)

    @torch.no_grad()
    def set_label_priors(self, priors: Tensor) -> None:
        """Start every label at its share of the training documents (C numbers in 0..1)."""
        self.predict.bias.copy_(torch.logit(priors.float(), eps=1e-4))


def cut_windows(token_ids: Tensor, lengths: Tensor, shape: TransformerShape) -> Windows:
    """Cut pieces (B, T), of which lengths (B,) are real, into windows of about the same size.

    What is beyond the last window is left out; a document without pieces has an empty window.
    """
    device = token_ids.device
    lengths = lengths.clamp(max=shape.pieces)
    counts = ((lengths + shape.room - 1) // shape.room).clamp(min=1)  # (B,)
    documents = torch.repeat_interleave(torch.arange(len(lengths), device=device), counts)
    firsts = counts.cumsum(0) - counts
    numbers = torch.arange(len(documents), device=device) - firsts[documents]
    sizes = (lengths + counts - 1) // counts
    starts = numbers * sizes[documents]
    own = (lengths[documents] - starts).clamp(min=0).minimum(sizes[documents])  # (W,)
    widest = int(own.max()) if len(own) else 0
    around = len(shape.before) + len(shape.after)
    width = -(-(widest + around) // _LENGTH_STEP) * _LENGTH_STEP
    places = torch.arange(width, device=device) - len(shape.before)  # of a piece in its window
    inside = (places >= 0) & (places < own[:, None])  # (W, T)
    index = (starts[:, None] + places).clamp(min=0, max=token_ids.shape[1] - 1)
    pieces = token_ids[documents[:, None], index]
    found = torch.where(inside, pieces, torch.full_like(pieces, shape.padding_id))
    for place, token in enumerate(shape.before):
        found[:, place] = token
    for place, token in enumerate(shape.after):
        end = own + len(shape.before) + place
        found.scatter_(1, end[:, None], token)
    mask = torch.arange(width, device=device) < (own + around)[:, None]
    return Windows(found, mask, documents)

"""Labels read from the states of a pretrained transformer encoder, whatever its architecture."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harnn.network.attention import mean_over_tokens
from harnn.network.beam import Beam
from harnn.network.constraint import MaxConstraint
from harnn.network.head import HarnnOutput, HeadShape, HierarchicalHead, MeanHead
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
    head: str = "mean"
    """``mean`` or ``hierarchical``, which alone has the sizes that follow."""
    attention_size: int = 0
    fc_size: int = 0
    alpha: float = 0.0

    @property
    def label_count(self) -> int:
        """C."""
        return sum(self.level_sizes)

    @property
    def around(self) -> int:
        """Tokens that stand around the pieces of a window."""
        return len(self.before) + len(self.after)

    @property
    def room(self) -> int:
        """Pieces of text that a window holds."""
        return self.tokens - self.around

    @property
    def pieces(self) -> int:
        """Pieces read of a document, at most."""
        return self.room * self.windows

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        plain = dataclasses.asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items()}


_REPLAYED = ("bert",)
"""Types of encoders that were tried so."""
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
    """(W,) int64, the row of the document that each is of, ascending."""


class States(NamedTuple):
    """The states that the head reads of a batch of documents, without padding."""

    values: Tensor
    """(M, D) all documents behind each other."""
    counts: Tensor
    """(B,) int64, those of each document."""


class TransformerNetwork(nn.Module):
    """A head that reads the encoder's states of all windows of a document together."""

    def __init__(self, encoder: nn.Module, shape: TransformerShape) -> None:
        """encoder: takes ``input_ids`` and ``attention_mask`` and returns an object with
        ``last_hidden_state`` (W, T, D), as the models of the library ``transformers`` do.
        """
        super().__init__()
        self.shape = shape
        self.constraint: MaxConstraint | None = None
        self.encoder = encoder
        self.head = _head(shape)
        sizes = sorted(parameter.numel() for parameter in encoder.parameters())
        most = _PRODUCTS_AT_ONCE // max(1, sum(sizes[:-1]))  # but for the vectors of pieces
        self.tokens_at_once = max(_LEAST_TOKENS, min(_MOST_TOKENS, most))
        kind = getattr(getattr(encoder, "config", None), "model_type", "")
        self.replays = shape.windows == 1 and kind in _REPLAYED
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
        """Score pieces token_ids (B, T), padded with anything, of which lengths (B,) are real.

        With a *sample* the logits are those of its labels alone, (B, S). Attention is that on the
        pieces: what is missing from 1 is on the tokens around them.

        Raises:
            ValueError: a beam is wanted, or attention of a head that has none.
        """
        if beam is not None:
            raise ValueError("Expected no beam: all labels read a transformer's states.")
        values, counts, mask = self._read(token_ids, lengths)
        output: HarnnOutput = self.head(values, counts, mask, attention=attention, sample=sample)
        if not attention:
            return output
        lengths = lengths.clamp(max=self.shape.pieces)
        places = _places(token_ids.shape[1], lengths, self.shape).clamp(max=values.shape[1] - 1)
        real = torch.arange(token_ids.shape[1], device=lengths.device) < lengths[:, None]
        return output._replace(
            attention=tuple(
                level.gather(2, places[:, None].expand(-1, level.shape[1], -1)) * real[:, None]
                for level in output.attention
            )
        )

    def encode(self, token_ids: Tensor, lengths: Tensor) -> States:
        """Return the states of all real tokens of pieces (B, T), those around them included."""
        windows = cut_windows(token_ids, lengths, self.shape)
        values = self._states(windows).flatten(0, 1).index_select(0, _where(windows.mask))
        counts = torch.zeros_like(lengths).index_add(0, windows.documents, windows.mask.sum(dim=1))
        return States(values, counts)

    def _states(self, windows: Windows) -> Tensor:
        """Return the states (W, T, D) of all tokens; those of padding mean nothing."""
        found: Tensor = self.encoder(
            input_ids=windows.token_ids, attention_mask=windows.mask.long()
        ).last_hidden_state
        return found

    def _read(self, token_ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return values (B, T, D), zero at padding, how many (B,) are real, and the mask (B, T)."""
        if self.shape.windows > 1:
            states = self.encode(token_ids, lengths)
            values, mask = _padded(states)
            return values, states.counts, mask
        windows = cut_windows(token_ids, lengths, self.shape)  # one for each document
        values = self._states(windows).masked_fill(~windows.mask[:, :, None], 0)
        return values, windows.mask.sum(dim=1), windows.mask

    def encode_once(self, token_ids: Tensor, lengths: Tensor) -> States:
        """Return all that the head needs of pieces (B, T) whose states never change.

        That is all states, or of a head that reads their mean one state for each document.
        """
        states = self.encode(token_ids, lengths)
        if self.shape.head != "mean":
            return states
        mean = mean_over_tokens(_padded(states)[0], states.counts)
        return States(mean, torch.ones_like(states.counts))

    def scores(self, output: HarnnOutput) -> Tensor:
        """Return the scores (B, C), 0 to 1."""
        return self.head.scores(output)

    def set_label_priors(self, priors: Tensor) -> None:
        """Start every label at its share of the training documents (C numbers in 0..1)."""
        self.head.set_label_priors(priors)


class FrozenNetwork(nn.Module):
    """The head of a network whose encoder does not learn, on states that were computed once.

    To whoever trains it, the numbers of a document's states are its tokens.
    """

    tokens_at_once = 16_384
    replays = False

    def __init__(self, network: TransformerNetwork, parts: Sequence[NDArray[np.float16]]) -> None:
        """network: whose head it is; parts: of states (M, D), numbered one after the other."""
        super().__init__()
        self.shape, self.head = network.shape, network.head
        self.constraint: MaxConstraint | None = None
        self._parts = parts
        self._starts = np.cumsum([0, *map(len, parts[:-1])])

    def forward(
        self,
        token_ids: Tensor,
        lengths: Tensor,
        *,
        attention: bool = False,
        sample: LabelSample | None = None,
        beam: Beam | None = None,
    ) -> HarnnOutput:
        """Read states by their numbers (B, T), padded with 0, those of a batch from one part.

        Raises:
            ValueError: a beam is wanted, or attention of a head that has none.
        """
        if beam is not None:
            raise ValueError("Expected no beam: all labels read a transformer's states.")
        numbers = token_ids.cpu().numpy()
        part = int(np.searchsorted(self._starts, numbers.max(initial=0), "right")) - 1
        rows = np.maximum(numbers - self._starts[part], 0)
        values = torch.from_numpy(self._parts[part][rows]).to(token_ids.device).float()
        mask = torch.arange(token_ids.shape[1], device=token_ids.device) < lengths[:, None]
        values = values.masked_fill(~mask[:, :, None], 0)
        output: HarnnOutput = self.head(values, lengths, mask, attention=attention, sample=sample)
        return output

    def scores(self, output: HarnnOutput) -> Tensor:
        """Return the scores (B, C), 0 to 1."""
        return self.head.scores(output)


def _head(shape: TransformerShape) -> MeanHead | HierarchicalHead:
    if shape.head == "mean":
        return MeanHead(shape.hidden_size, shape.level_sizes, shape.dropout)
    return HierarchicalHead(
        HeadShape(
            input_size=shape.hidden_size,
            attention_size=shape.attention_size,
            fc_size=shape.fc_size,
            level_sizes=shape.level_sizes,
            dropout=shape.dropout,
            alpha=shape.alpha,
        )
    )


def _where(mask: Tensor) -> Tensor:
    """Return where a mask (B, T) is true, as numbers of its flat form, ascending."""
    return mask.flatten().nonzero().squeeze(1)


def _padded(states: States) -> tuple[Tensor, Tensor]:
    """Return values (B, T, D), zero at padding, and the mask (B, T)."""
    counts, size = states.counts, states.values.shape[1]
    mask = torch.arange(_rounded(_longest(counts)), device=counts.device) < counts[:, None]
    flat = states.values.new_zeros(mask.numel(), size).index_copy(0, _where(mask), states.values)
    return flat.view(*mask.shape, size), mask


def _longest(lengths: Tensor) -> int:
    """Return the highest of lengths; on a GPU that waits until it has computed them."""
    return int(lengths.max()) if len(lengths) else 0


def _rounded(longest: int) -> int:
    """Return to how many tokens the longest is padded: full steps, one at least."""
    return max(1, -(-longest // _LENGTH_STEP)) * _LENGTH_STEP


def _window_counts(lengths: Tensor, shape: TransformerShape) -> Tensor:
    """Return how many windows documents of so many pieces (B,) have."""
    return ((lengths + shape.room - 1) // shape.room).clamp(min=1)


def _places(pieces: int, lengths: Tensor, shape: TransformerShape) -> Tensor:
    """Return (B, T) where each of T pieces stands among the tokens of a document's windows.

    Those beyond a document's own, of which lengths (B,) are real, stand anywhere.
    """
    counts = _window_counts(lengths, shape)
    sizes = ((lengths + counts - 1) // counts).clamp(min=1)
    numbers = torch.arange(pieces, device=lengths.device)
    return numbers + len(shape.before) + numbers // sizes[:, None] * shape.around


def cut_windows(token_ids: Tensor, lengths: Tensor, shape: TransformerShape) -> Windows:
    """Cut pieces (B, T), of which lengths (B,) are real, into windows of about the same size.

    What is beyond the last window is left out; a document without pieces has an empty window.
    """
    device = token_ids.device
    lengths = lengths.clamp(max=shape.pieces)
    counts = _window_counts(lengths, shape)  # (B,)
    documents = torch.arange(len(lengths), device=device)
    if shape.windows > 1:
        documents = torch.repeat_interleave(documents, counts)
    firsts = counts.cumsum(0) - counts
    numbers = torch.arange(len(documents), device=device) - firsts[documents]
    sizes = (lengths + counts - 1) // counts
    starts = numbers * sizes[documents]
    own = (lengths[documents] - starts).clamp(min=0).minimum(sizes[documents])  # (W,)
    most = min(token_ids.shape[1], shape.room) if device.type != "cpu" else _longest(own)
    width = _rounded(most + shape.around)
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
    mask = torch.arange(width, device=device) < (own + shape.around)[:, None]
    return Windows(found, mask, documents)

"""Label-wise attention that never holds documents x tokens x labels beyond a budget.

For token keys O (B, T, A), token values V (B, T, D) and, for every label c, a query u_c (A,) and
a read-out w_c (D,):

    A_c = softmax over tokens of O u_c        what label c looks at
    read_c = sum_t A_ct (V w_c)_t             its evidence, as in CAML and LAAT
    mean_t = sum_c v_c A_ct                   enough for the mean read-out of the paper; v_c = 1/C,
                                              or the share of labels that a sampled one stands for
    focus_t = sum_c s_c A_ct                  where the labels with shares s_c looked

Only sums over tokens or labels leave this module, so labels are walked in chunks. Attention and
evidence are kept for the backward pass where they fit into ``KEEP_BYTES``, else computed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from harnn.network.on_gpu import at_once, first_padding

KEEP_BYTES = 128 << 20
"""What one level may keep of its attention and evidence between forward and backward pass."""
_CHUNK_BYTES = 4 << 20
_LEAST_CHUNK = 32


class Looks(NamedTuple):
    """What all labels of a level found in a batch."""

    read: Tensor
    """(B, C) evidence of each label."""
    mean: Tensor
    """(B, T) mean attention over labels, as important as they are, float32 or wider."""
    attention: LabelAttention
    """To ask for the focus."""


class _Chunk(NamedTuple):
    labels: slice
    weights: Tensor  # (B, T, c)
    evidence: Tensor  # (B, T, c)


@dataclass(eq=False)
class LabelAttention:
    """The attention of one level on one batch.

    Args:
        keys: O (B, T, A).
        values: V (B, T, D), zero at padding.
        mask: (B, T), true at real tokens.
        queries: u (C, A).
        read_outs: w (C, D).
        importance: v (C,), summing to 1; None: 1/C each.
        label_count: what C is where queries are those of some labels alone; their mean attention
            is then their part of the sum.
    """

    keys: Tensor
    values: Tensor
    mask: Tensor
    queries: Tensor
    read_outs: Tensor
    importance: Tensor | None = None
    label_count: int | None = None
    _kept: list[_Chunk] = field(default_factory=list)
    _focus_gradient: tuple[Tensor, Tensor, Tensor] | None = None
    """Shares (B, C), gradient of the focus (B, T) and their product with the attention (B, C)."""

    def look(self) -> Looks:
        """Return evidence and mean attention. Documents without tokens get evidence 0."""
        dtype = self.keys.dtype
        self.queries, self.read_outs = self.queries.to(dtype), self.read_outs.to(dtype)
        self.values = self.values.to(dtype)
        read, mean = _Look.apply(  # type: ignore[no-untyped-call]
            self, self.keys, self.values, self.queries, self.read_outs
        )
        return Looks(read, mean, self)

    def focus(self, shares: Tensor, read: Tensor) -> Tensor:
        """Return sum_c s_c A_c, (B, T), for shares (B, C); *read* is what :meth:`look` gave."""
        return _Focus.apply(self, shares, read)  # type: ignore[no-any-return, no-untyped-call]

    def chunks(self) -> Iterator[_Chunk]:
        """Attention and evidence of some labels at a time, in order."""
        if self._kept:
            yield from self._kept
            return
        documents, tokens, size = self.keys.shape
        keys = self.keys.detach().reshape(-1, size)
        values = self.values.detach().reshape(-1, self.values.shape[2])
        queries, read_outs = self.queries.detach(), self.read_outs.detach()
        start, hidden = self._padding()
        chunk_bytes = at_once(_CHUNK_BYTES, keys.device)
        step = max(_LEAST_CHUNK, chunk_bytes // max(len(keys) * keys.element_size(), 1))
        for first in range(0, len(queries), step):
            labels = slice(first, min(first + step, len(queries)))
            scores = (keys @ queries[labels].T).view(documents, tokens, -1)
            if hidden is not None:
                scores[:, start:].masked_fill_(hidden, float("-inf"))
            evidence = (values @ read_outs[labels].T).view(documents, tokens, -1)
            yield _Chunk(labels, torch.softmax(scores, dim=1), evidence)

    def _weighted_sum(self, chunk: _Chunk) -> Tensor:
        """Return sum_c v_c A_ct (B, T) of the chunk, or without importance sum_c A_ct."""
        if self.importance is None:
            wide = torch.promote_types(chunk.weights.dtype, torch.float32)
            return chunk.weights.sum(dim=2, dtype=wide)
        return chunk.weights @ self.importance[chunk.labels].to(chunk.weights.dtype)

    def _padding(self) -> tuple[int, Tensor | None]:
        """Return the first position that is padding somewhere, and where it is after that."""
        lengths = self.mask.sum(dim=1)
        # All tokens of an empty document are padding; their values are zero, so any will do.
        lengths = torch.where(lengths > 0, lengths, self.mask.shape[1])
        start = first_padding(lengths)
        if start == self.mask.shape[1]:
            return start, None
        return start, (
            torch.arange(start, self.mask.shape[1], device=self.mask.device) >= lengths[:, None]
        )[:, :, None]

    @property
    def count(self) -> int:
        """C."""
        return len(self.queries) if self.label_count is None else self.label_count

    def keeps(self) -> bool:
        """Whether attention and evidence are kept for later."""
        count = self.mask.numel() * len(self.queries) * 2
        return count * self.keys.element_size() <= at_once(KEEP_BYTES, self.keys.device)


def _exact(device: torch.device) -> torch.autocast:
    """No automatic choice of precision: all is in that of the keys."""
    return torch.autocast(device.type, enabled=False)


class _Look(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, held: LabelAttention, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        keys = tensors[0]
        wide = torch.promote_types(keys.dtype, torch.float32)
        documents, tokens, _ = keys.shape
        read = keys.new_zeros(documents, len(held.queries), dtype=wide)
        total = keys.new_zeros(documents, tokens, dtype=wide)
        keeps, kept = held.keeps(), []
        with _exact(keys.device):
            for chunk in held.chunks():
                read[:, chunk.labels] = (chunk.weights * chunk.evidence).sum(dim=1, dtype=wide)
                total += held._weighted_sum(chunk).to(wide)
                if keeps:
                    kept.append(chunk)
        held._kept = kept
        ctx.held = held
        ctx.save_for_backward(read)
        return read, total if held.importance is not None else total / held.count

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        held: LabelAttention = ctx.held
        (read,) = ctx.saved_tensors
        of_read, of_mean = gradients
        dtype, wide = held.keys.dtype, read.dtype
        keys = held.keys.detach().reshape(-1, held.keys.shape[2])
        values = held.values.detach().reshape(-1, held.values.shape[2])
        of_keys: Tensor | None = None
        of_values: Tensor | None = None
        of_queries, of_read_outs = torch.empty_like(held.queries), torch.empty_like(held.read_outs)
        of_total = of_mean  # (B, T), of the sum over labels as important as they are
        if held.importance is None:
            of_total = of_mean / held.count
        focus = held._focus_gradient
        with _exact(keys.device):
            for chunk in held.chunks():
                part = chunk.labels
                of_evidence = chunk.weights * of_read[:, None, part].to(dtype)
                # The gradient of the attention less its mean under the attention, as of every
                # softmax: an outer product apart from the evidence's share.
                under = _under(chunk.weights, of_total)
                important = torch.ones_like(under)
                if held.importance is not None:
                    important = held.importance[part].to(wide).expand_as(under)
                centre = of_read[:, part] * read[:, part] + under * important
                left, right = [of_total], [important]
                if focus is not None:
                    shares, of_focus, product = focus
                    centre = centre + shares[:, part] * product[:, part]
                    left, right = [*left, of_focus], [*right, shares[:, part]]
                left, right = [*left, torch.ones_like(of_total)], [*right, -centre]
                of_scores = torch.stack(left, dim=2).to(dtype) @ torch.stack(right, dim=1).to(dtype)
                of_scores *= chunk.weights
                of_scores.addcmul_(of_evidence, chunk.evidence)
                flat, flat_evidence = of_scores.flatten(0, 1), of_evidence.flatten(0, 1)
                of_keys = _added(of_keys, flat @ held.queries[part].detach(), wide)
                of_values = _added(of_values, flat_evidence @ held.read_outs[part].detach(), wide)
                torch.mm(flat.T, keys, out=of_queries[part])
                torch.mm(flat_evidence.T, values, out=of_read_outs[part])
        held._kept, held._focus_gradient = [], None
        of_rows = of_queries, of_read_outs
        if of_keys is None or of_values is None:  # no labels
            return None, torch.zeros_like(held.keys), torch.zeros_like(held.values), *of_rows
        return (
            None,
            of_keys.view_as(held.keys).to(dtype),
            of_values.view_as(held.values).to(dtype),
            *of_rows,
        )


class _Focus(torch.autograd.Function):
    """Its gradient towards the attention is left for ``_Look``, which adds it in one go.

    Depending on what ``_Look`` gave, its backward pass always runs first.
    """

    @staticmethod
    def forward(ctx: Any, held: LabelAttention, shares: Tensor, read: Tensor) -> Tensor:
        wide = read.dtype
        focus = read.new_zeros(*held.mask.shape)
        with _exact(read.device):
            for chunk in held.chunks():
                part = shares[:, chunk.labels, None].to(chunk.weights.dtype)
                focus += (chunk.weights @ part).squeeze(2).to(wide)
        ctx.held = held
        ctx.save_for_backward(shares)
        return focus

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        held: LabelAttention = ctx.held
        (shares,) = ctx.saved_tensors
        (of_focus,) = gradients
        with _exact(shares.device):
            parts = [_under(chunk.weights, of_focus) for chunk in held.chunks()]
        product = torch.cat([of_focus[:, :0], *parts], dim=1)  # (B, C)
        held._focus_gradient = shares, of_focus, product
        return None, product.to(shares.dtype), torch.zeros_like(shares)


def _under(weights: Tensor, per_token: Tensor) -> Tensor:
    """Return sum_t x_t A_ct, (B, c), for x (B, T) under the attention (B, T, c)."""
    found = (per_token[:, None, :].to(weights.dtype) @ weights).squeeze(1)
    return found.to(per_token.dtype)


def _added(total: Tensor | None, part: Tensor, wide: torch.dtype) -> Tensor:
    """Add up in wide precision from the second part on."""
    return part if total is None else total.to(wide).add_(part)

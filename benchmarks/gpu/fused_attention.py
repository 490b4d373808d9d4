"""The attention of all labels as two fused Triton kernels, to compare the chunked one with.

Only the forward pass: what a level reads of a batch. A program holds a block of labels of one
document and walks over its tokens, so that neither attention nor evidence is ever in memory.
The first kernel keeps the running maximum and sum of the softmax over tokens and the evidence read
so far (as in FlashAttention: Dao et al., NeurIPS 2022, arXiv 2205.14135); the second needs the
first one's results and sums the attention over labels for each token.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

LABELS, TOKENS = 64, 64


@triton.jit
def _read(
    keys, values, queries, read_outs, lengths, read, weight,
    T, C, A: tl.constexpr, D: tl.constexpr, LABELS: tl.constexpr, TOKENS: tl.constexpr,
):  # fmt: skip
    document, block = tl.program_id(1).to(tl.int64), tl.program_id(0)
    length = tl.load(lengths + document)
    labels = block * LABELS + tl.arange(0, LABELS)
    inside = labels < C
    a, d = tl.arange(0, A), tl.arange(0, D)
    query = tl.load(queries + labels[:, None] * A + a[None, :], mask=inside[:, None], other=0.0)
    out = tl.load(read_outs + labels[:, None] * D + d[None, :], mask=inside[:, None], other=0.0)
    highest = tl.full((LABELS,), float("-inf"), tl.float32)
    total = tl.zeros((LABELS,), tl.float32)
    found = tl.zeros((LABELS,), tl.float32)
    for start in range(0, length, TOKENS):
        tokens = start + tl.arange(0, TOKENS)
        real = tokens < length
        rows = document * T + tokens
        key = tl.load(keys + rows[:, None] * A + a[None, :], mask=real[:, None], other=0.0)
        value = tl.load(values + rows[:, None] * D + d[None, :], mask=real[:, None], other=0.0)
        scores = tl.dot(query, tl.trans(key))
        scores = tl.where(real[None, :], scores, float("-inf"))
        evidence = tl.dot(out, tl.trans(value))
        risen = tl.maximum(highest, tl.max(scores, 1))
        scale = tl.exp(highest - risen)
        looks = tl.exp(scores - risen[:, None])
        total = total * scale + tl.sum(looks, 1)
        found = found * scale + tl.sum(looks * evidence, 1)
        highest = risen
    tl.store(read + document * C + labels, found / total, mask=inside)
    tl.store(weight + document * C + labels, highest + tl.log(total), mask=inside)


@triton.jit
def _mean(
    keys, queries, lengths, weight, mean,
    T, C, A: tl.constexpr, LABELS: tl.constexpr, TOKENS: tl.constexpr,
):  # fmt: skip
    document, block = tl.program_id(1).to(tl.int64), tl.program_id(0)
    length = tl.load(lengths + document)
    tokens = block * TOKENS + tl.arange(0, TOKENS)
    real = tokens < length
    a = tl.arange(0, A)
    rows = document * T + tokens
    key = tl.load(keys + rows[:, None] * A + a[None, :], mask=real[:, None], other=0.0)
    found = tl.zeros((TOKENS,), tl.float32)
    for start in range(0, C, LABELS):
        labels = start + tl.arange(0, LABELS)
        inside = labels < C
        query = tl.load(queries + labels[:, None] * A + a[None, :], mask=inside[:, None], other=0.0)
        log_sum = tl.load(weight + document * C + labels, mask=inside, other=float("inf"))
        scores = tl.dot(key, tl.trans(query))
        found += tl.sum(tl.exp(scores - log_sum[None, :]), 1)
    tl.store(mean + document * T + tokens, tl.where(real, found / C, 0.0), mask=tokens < T)


def look(
    keys: Tensor, values: Tensor, queries: Tensor, read_outs: Tensor, lengths: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the evidence (B, C) and the mean attention (B, T), float32, as ``LabelAttention``.

    keys (B, T, A), values (B, T, D), queries (C, A), read_outs (C, D), all contiguous, of one type
    on one GPU, A and D powers of 2; lengths (B,) real tokens, one at least.
    """
    documents, tokens, A = keys.shape
    count, D = read_outs.shape
    read = torch.empty(documents, count, device=keys.device)
    weight = torch.empty_like(read)
    mean = torch.empty(documents, tokens, device=keys.device)
    sizes: dict[str, Any] = {"A": A, "LABELS": LABELS, "TOKENS": TOKENS, "num_stages": 2}
    grid = (triton.cdiv(count, LABELS), documents)
    _read[grid](
        keys, values, queries, read_outs, lengths, read, weight, tokens, count, D=D, **sizes
    )
    grid = (triton.cdiv(tokens, TOKENS), documents)
    _mean[grid](keys, queries, lengths, weight, mean, tokens, count, **sizes)
    return read, mean

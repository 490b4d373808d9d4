"""Attention of many labels: the network's own, in chunks, beside a fused one, and the CPU's."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from harnn.branches.network.scoring import score_corpus
from harnn.corpus import Corpus, Tokens
from harnn.network import HarnnNetwork, NetworkShape
from harnn.network.label_attention import LabelAttention

LEVEL_SIZES = (84, 780, 7_500)
"""8,364 labels."""
_TOKENS, _A, _D = 256, 128, 256
_DOCUMENTS = {"cuda": 64, "cpu": 1}
_SCORED = {"cuda": 4_096, "cpu": 8}
_ROUNDS = 20
_COMPARED = 64
"""Documents that the CPU scores too."""
_WORDS = 20_000


def timed(work: Callable[[], object], device: str, rounds: int = _ROUNDS) -> float:
    """Return the median milliseconds of some calls after a few, on the device's own clock."""
    if not device.startswith("cuda"):
        work()
        started = time.perf_counter()
        work()
        return (time.perf_counter() - started) * 1e3
    for _ in range(3):
        work()
    found: list[float] = []
    make: Any = torch.cuda.Event
    for _ in range(rounds):
        start, end = (make(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        torch.cuda.synchronize()
        found.append(start.elapsed_time(end))
    return statistics.median(found)


def compare_attention(device: str) -> dict[str, Any]:
    """Time both on one level of all labels, and say how far they are from float64."""
    generator = torch.Generator().manual_seed(1)
    count, documents = sum(LEVEL_SIZES), _DOCUMENTS[device.partition(":")[0]]

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    lengths = torch.randint(_TOKENS // 2, _TOKENS + 1, (documents,), generator=generator)
    mask = torch.arange(_TOKENS) < lengths[:, None]
    keys, values = torch.tanh(drawn(documents, _TOKENS, _A)), drawn(documents, _TOKENS, _D)
    values *= mask[:, :, None]
    queries, read_outs = 0.5 * drawn(count, _A), 0.1 * drawn(count, _D)
    found: dict[str, Any] = {"labels": count, "documents": documents, "tokens": _TOKENS}
    for dtype in (torch.bfloat16, torch.float32):
        given = [x.to(device, dtype) for x in (keys, values, queries, read_outs)]
        there, places = mask.to(device), lengths.to(device)
        exact = _exact(given, mask)

        def chunked(given: Any = given, there: Tensor = there) -> tuple[Tensor, Tensor]:
            looks = LabelAttention(given[0], given[1], there, given[2], given[3]).look()
            return looks.read, looks.mean

        def trained(given: Any = given, there: Tensor = there) -> None:
            leaves = [x.detach().requires_grad_() for x in given]
            looks = LabelAttention(leaves[0], leaves[1], there, leaves[2], leaves[3]).look()
            torch.autograd.backward(looks.read.sum() + looks.mean.square().sum())

        rows: dict[str, Any] = {}
        with torch.inference_mode():
            rows["chunked"] = _row(chunked, device, exact)
            if device.startswith("cuda") and dtype == torch.bfloat16:
                from gpu.fused_attention import look

                fused = partial(look, given[0], given[1], given[2], given[3], places)
                rows["fused"] = _row(fused, device, exact)
        rows["chunked, forward and backward"] = {"ms": timed(trained, device)}
        found[str(dtype).removeprefix("torch.")] = rows
    return found


def compare_scores(device: str) -> dict[str, float]:
    """Score random documents with one network on both devices; seconds, and how far they differ."""
    random = np.random.default_rng(1)
    torch.manual_seed(1)
    shape = NetworkShape(
        mode="harnn", vocabulary_size=_WORDS, embedding_size=128, lstm_size=128,
        attention_size=128, fc_size=256, level_sizes=LEVEL_SIZES, dropout=0.5,
        embedding_dropout=0.3, alpha=0.5,
    )  # fmt: skip
    network = HarnnNetwork(shape)
    lengths = random.integers(1, _TOKENS + 1, _SCORED[device.partition(":")[0]])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    ids = random.integers(1, _WORDS, int(offsets[-1]), dtype=np.int32)
    targets = csr_array((len(lengths), shape.label_count), dtype=np.bool_)
    names = tuple(map(str, range(len(lengths))))
    corpus = Corpus(names, targets, {"tokens": Tokens(ids, offsets, lengths)})
    few = corpus.only(np.arange(min(_COMPARED, len(lengths))), {"tokens"})
    on_cpu = score_corpus(network, few)
    network.to(device)
    score_corpus(network, few)
    started = time.perf_counter()
    scores = score_corpus(network, corpus)
    seconds = time.perf_counter() - started
    rounded = score_corpus(network, few, bfloat16=True)
    return {
        "documents_per_second": len(lengths) / seconds,
        "largest_difference": float(np.abs(scores[: len(on_cpu)] - on_cpu).max()),
        "largest_difference_bfloat16": float(np.abs(rounded - on_cpu).max()),
    }


def _row(
    work: Callable[[], tuple[Tensor, Tensor]], device: str, exact: tuple[Tensor, Tensor]
) -> dict[str, float]:
    read, mean = (x.cpu().double() for x in work())
    errors = [float((a - b).norm() / b.norm()) for a, b in zip((read, mean), exact, strict=True)]
    return {"ms": timed(work, device), "error_of_read": errors[0], "error_of_mean": errors[1]}


def _exact(given: list[Tensor], mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return the same from whole matrices in float64, one document after the other."""
    device = given[0].device
    keys, values, queries, read_outs = (x.double() for x in given)
    reads, means = [], []
    for row in range(len(keys)):
        real = mask[row].to(device)
        looks = torch.softmax(queries @ keys[row][real].T, dim=1)  # (C, t)
        reads.append((looks * (read_outs @ values[row][real].T)).sum(1))
        mean = torch.zeros(len(real), dtype=torch.float64, device=device)
        mean[real] = looks.mean(0)
        means.append(mean)
    return torch.stack(reads).cpu(), torch.stack(means).cpu()

"""A step of the network's training on random documents: kernel by kernel, and recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gpu.labels import timed
from harnn.branches.network.batch import Batch
from harnn.network import HarnnNetwork, HarnnOutput, NetworkShape, hybrid_loss
from harnn.training.recorder import Learn, Recorder

LEVEL_SIZES = (6, 103, 47)
"""Of arxiv-cat."""
_DOCUMENTS, _TOKENS, _WORDS = 64, 176, 30_000
_PROFILED = 10
_NAMED = 6


def measure(device: str) -> dict[str, Any]:
    """Return milliseconds of forward and backward pass, on the host's clock and the device's."""
    torch.manual_seed(1)
    shape = NetworkShape(
        mode="harnn", vocabulary_size=_WORDS, embedding_size=128, lstm_size=128,
        attention_size=128, fc_size=256, level_sizes=LEVEL_SIZES, dropout=0.5,
        embedding_dropout=0.3, alpha=0.5,
    )  # fmt: skip
    network = HarnnNetwork(shape).to(device).train()
    lengths = torch.randint(_TOKENS - 15, _TOKENS + 1, (_DOCUMENTS,))
    ids = torch.randint(2, _WORDS, (_DOCUMENTS, _TOKENS))
    targets = (torch.rand(_DOCUMENTS, sum(LEVEL_SIZES)) < 0.02).float()
    batch = Batch(ids, lengths, targets)
    network.set_label_priors(torch.full((sum(LEVEL_SIZES),), 0.02))
    return {"documents": _DOCUMENTS, "tokens": _TOKENS} | compare(network, batch, device)


def compare(network: nn.Module, batch: Batch, device: str) -> dict[str, Any]:
    """Time one step of a network as it is, and recorded, and compare their gradients."""
    parameters = [x for x in network.parameters() if x.requires_grad]
    learn = learn_with(network)
    given = [x.to(device) for x in (batch.token_ids, batch.lengths, batch.targets)]

    def plain() -> None:
        for parameter in parameters:
            parameter.grad = None
        learn(*given)

    found: dict[str, Any] = {"plain": timed_row(plain, device)}
    if not device.startswith("cuda"):
        return found
    network.eval()  # without dropout; cuDNN wants recurrences in training to be learnt from
    for module in network.modules():
        if isinstance(module, nn.LSTM):
            module.train()
    plain()
    exact = [x.grad.clone() for x in parameters if x.grad is not None]
    recorder = Recorder(learn, parameters)
    for number in range(4):
        for parameter in parameters[: (number == 3) * len(parameters)]:
            assert parameter.grad is not None
            parameter.grad.fill_(7)  # what is not computed now would show
        recorder.learn(batch)
    ours = [x.grad for x in parameters if x.grad is not None and bool(x.grad.any())]
    found["gradient_difference"] = _difference(exact, [x for x in ours if x is not None])
    network.train()
    recorder = Recorder(learn, parameters)
    found["recorded"] = timed_row(lambda: recorder.learn(batch), device)
    return found


def learn_with(network: nn.Module) -> Learn:
    """Return a step without clipping and without the optimiser."""

    def learn(token_ids: Tensor, lengths: Tensor, targets: Tensor) -> Tensor:
        with torch.autocast(token_ids.device.type, torch.bfloat16):
            output: HarnnOutput = network(token_ids, lengths)
        loss = hybrid_loss(output, targets)
        torch.autograd.backward(loss)
        return loss.detach()

    return learn


def timed_row(work: Callable[[], object], device: str) -> dict[str, Any]:
    """Return milliseconds of a call, those that the device computed, and its kernels."""
    found: dict[str, Any] = {"ms": timed(work, device)}
    if not device.startswith("cuda"):
        work()
        return found
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        for _ in range(_PROFILED):
            work()
        torch.cuda.synchronize()
    rows = [row for row in profiler.key_averages() if row.self_device_time_total]
    rows.sort(key=lambda row: -row.self_device_time_total)
    found["device_ms"] = sum(row.self_device_time_total for row in rows) / 1e3 / _PROFILED
    found["kernels"] = sum(row.count for row in rows) / _PROFILED
    found["longest"] = {
        row.key[:60]: [row.self_device_time_total / 1e3 / _PROFILED, row.count / _PROFILED]
        for row in rows[:_NAMED]
    }
    return found


def _difference(exact: list[Tensor], ours: list[Tensor]) -> float:
    """Return how far gradients are apart, as a share of the longer of both in all."""
    exact = [x for x in exact if bool(x.any())]
    apart = sum(float((a - b).square().sum()) for a, b in zip(exact, ours, strict=True))
    return float((apart / sum(float(x.square().sum()) for x in exact)) ** 0.5)

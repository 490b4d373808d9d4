"""Recorded steps of a GPU: the same gradients, and which batches are recorded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from harnn.branches.network.batch import Batch
from harnn.network import HarnnNetwork, NetworkShape, hybrid_loss
from harnn.training.recorder import Learn, Recorder


def learn_with(network: nn.Module) -> Learn:
    def learn(token_ids: Tensor, lengths: Tensor, targets: Tensor) -> Tensor:
        loss = hybrid_loss(network(token_ids, lengths), targets)
        torch.autograd.backward(loss)
        return loss.detach()

    return learn


def network() -> HarnnNetwork:
    torch.manual_seed(1)
    shape = NetworkShape(
        mode="harnn", vocabulary_size=50, embedding_size=8, lstm_size=8, attention_size=8,
        fc_size=8, level_sizes=(3, 5), dropout=0.0, embedding_dropout=0.0, alpha=0.5,
    )  # fmt: skip
    return HarnnNetwork(shape)


def batch(documents: int, tokens: int, seed: int = 1) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, 50, (documents, tokens), generator=generator)
    lengths = torch.randint(1, tokens + 1, (documents,), generator=generator)
    targets = (torch.rand(documents, 8, generator=generator) < 0.3).float()
    return Batch(ids, lengths, targets)


class Pretended:
    """A graph on a CPU, which computes nothing when it is replayed."""

    made = 0
    replayed = 0

    def __init__(self) -> None:
        type(self).made += 1

    def replay(self) -> None:
        type(self).replayed += 1


@contextlib.contextmanager
def pretended_recording(graph: Pretended, pool: Any) -> Iterator[None]:
    yield


def test_the_third_batch_of_a_shape_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 0))
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Pretended)
    monkeypatch.setattr(torch.cuda, "graph", pretended_recording)
    model = network()
    recorder = Recorder(learn_with(model), list(model.parameters()))
    gradients = []
    for number, (shape, made, replayed) in enumerate(
        [((4, 16), 0, 0), ((4, 16), 0, 0), ((3, 16), 0, 0), ((4, 16), 1, 1), ((4, 16), 1, 2)]
    ):
        recorder.learn(batch(*shape, seed=number))
        assert (Pretended.made, Pretended.replayed) == (made, replayed)
        gradients.append(model.embedding.weight.grad)
    assert all(gradient is gradients[0] for gradient in gradients)  # the same memory
    (record,) = recorder._records.values()
    torch.testing.assert_close(record.inputs[0], batch(4, 16, seed=4).token_ids)


def test_gradients_are_those_of_the_batch_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 0))
    model, alone = network(), network()
    recorder = Recorder(learn_with(model), list(model.parameters()))
    recorder.learn(batch(4, 16))
    loss = recorder.learn(batch(5, 16))
    few = batch(5, 16)
    expected = learn_with(alone)(few.token_ids, few.lengths, few.targets)
    assert loss == pytest.approx(float(expected))
    for ours, theirs in zip(model.parameters(), alone.parameters(), strict=True):
        assert ours.grad is not None
        wanted = torch.zeros_like(theirs) if theirs.grad is None else theirs.grad
        torch.testing.assert_close(ours.grad, wanted)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_replays_what_it_would_compute() -> None:
    model, alone = network().cuda(), network().cuda()
    recorder = Recorder(learn_with(model), list(model.parameters()))
    for number in range(6):
        for tokens in (16, 32):
            few = batch(4, tokens, seed=number)
            alone.zero_grad()
            given = (x.cuda() for x in (few.token_ids, few.lengths, few.targets))
            expected = float(learn_with(alone)(*given))
            assert recorder.learn(few) == pytest.approx(expected, rel=1e-4)
            for ours, theirs in zip(model.parameters(), alone.parameters(), strict=True):
                if theirs.grad is not None:
                    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-4)
    assert len(recorder._records) == 2

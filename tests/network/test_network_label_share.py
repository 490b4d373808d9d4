"""Labels shared out among processes, which are threads here: what one process with all computes."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from harnn.network import (
    Beam,
    HarnnNetwork,
    HarnnOutput,
    LabelSample,
    LabelShare,
    LevelSample,
    hybrid_loss,
    label_attention,
)
from support.small_networks import (
    hierarchy_of,
    padded,
    random_documents,
    random_network,
    random_targets,
    shape_of,
)

SIZES = (2, 5, 40)
LENGTHS = (7, 0, 3, 5, 1)
EDGES = [*((2 + i, i % 2) for i in range(5)), *((7 + i, 2 + i % 5) for i in range(40)), (9, 1)]
HIERARCHY = hierarchy_of(EDGES, SIZES)


class Threads:
    """Exchanges among threads."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._barrier = threading.Barrier(count, timeout=60)
        self._given: dict[int, Tensor] = {}
        self.calls = [0] * count

    def of(self, number: int) -> Thread:
        return Thread(self, number)

    def pass_around(self, number: int, x: Tensor) -> list[Tensor]:
        self._given[number] = x.detach().clone()
        self.calls[number] += 1
        self._barrier.wait()
        found = [self._given[each] for each in range(self.count)]
        self._barrier.wait()
        assert len({x.shape for x in found}) == 1
        return found


class Thread:
    """What one of them is given."""

    def __init__(self, threads: Threads, number: int) -> None:
        self._threads, self._number = threads, number

    def add_up(self, x: Tensor) -> Tensor:
        return torch.stack(self.gathered(x)).sum(dim=0)

    def highest(self, x: Tensor) -> Tensor:
        return torch.stack(self.gathered(x)).amax(dim=0)

    def gathered(self, x: Tensor) -> list[Tensor]:
        return self._threads.pass_around(self._number, x)


def shared(
    network: HarnnNetwork, count: int, work: Callable[[HarnnNetwork, LabelShare], Any]
) -> list[tuple[HarnnNetwork, LabelShare, Any]]:
    """Return what *work* finds with the labels of each of so many threads."""
    threads = Threads(count)

    def one(number: int) -> tuple[HarnnNetwork, LabelShare, Any]:
        own, share = copy.deepcopy(network), LabelShare(SIZES, number, count, threads.of(number))
        own.hold(share)
        return own, share, work(own, share)

    with ThreadPoolExecutor(count) as pool:
        found = list(pool.map(one, range(count)))
    assert len(set(threads.calls)) == 1
    return found


def columns_of(share: LabelShare) -> list[int]:
    return [c for part in share.slices_of(share.number) for c in range(part.start, part.stop)]


def sample_of(seed: int) -> LabelSample:
    random = np.random.default_rng(seed)
    levels = []
    for size in SIZES:
        count = max(1, size // 3)
        columns = np.sort(random.choice(size, count, replace=False))
        weights = random.uniform(1, 4, count)
        levels.append(LevelSample(torch.from_numpy(columns), torch.from_numpy(weights)))
    return LabelSample(tuple(levels))


def learn(
    network: HarnnNetwork, targets: Tensor, sample: LabelSample | None
) -> tuple[HarnnOutput, float]:
    weights = None if sample is None else sample.weights
    output = network.train()(*padded(random_documents(LENGTHS), extra=1), sample=sample)
    loss = hybrid_loss(output, targets, weights=weights, focus=0.5)
    torch.autograd.backward(loss)
    return output, float(loss.detach())


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("keep", [0, 1 << 27], ids=["computed-again", "kept"])
@pytest.mark.parametrize("mode", ["harnn", "paper", "sampled", "mingru"])
def test_losses_and_gradients_are_those_of_all_labels(
    monkeypatch: pytest.MonkeyPatch, mode: str, keep: int, count: int
) -> None:
    monkeypatch.setattr(label_attention, "KEEP_BYTES", keep)
    monkeypatch.setattr(label_attention, "_LEAST_CHUNK", 4)
    monkeypatch.setattr(label_attention, "_CHUNK_BYTES", 1)
    shape = shape_of(
        "paper" if mode == "paper" else "harnn",
        SIZES,
        encoder="mingru" if mode == "mingru" else "lstm",
    )
    network = random_network(shape, dtype=torch.float64)
    sample = sample_of(3) if mode == "sampled" else None
    targets = random_targets(len(LENGTHS), sum(SIZES)).double()
    drawn = list(range(sum(SIZES))) if sample is None else sample.columns(SIZES).tolist()
    whole = copy.deepcopy(network)
    output, loss = learn(whole, targets[:, drawn], sample)

    def work(own: HarnnNetwork, share: LabelShare) -> tuple[HarnnOutput, float]:
        mine = [c for c in columns_of(share) if c in drawn]
        part = None if sample is None else share.sampled(sample)
        return learn(own, targets[:, mine], part)

    found = shared(network, count, work)
    assert sum(each[2][1] for each in found) == pytest.approx(loss, rel=1e-12)
    for own, share, (part, _) in found:
        mine = [drawn.index(c) for c in columns_of(share) if c in drawn]
        torch.testing.assert_close(part.local_logits, output.local_logits[:, mine])
        torch.testing.assert_close(part.global_logits, output.global_logits[:, mine])
        for (name, parameter), (_, theirs) in zip(
            own.named_parameters(), whole.named_parameters(), strict=True
        ):
            rows = share.rows(name, share.number)
            if theirs.grad is None:
                assert parameter.grad is None
                continue
            expected = theirs.grad if rows is None else torch.cat([theirs.grad[x] for x in rows])
            torch.testing.assert_close(parameter.grad, expected)


def test_in_bfloat16_gradients_are_about_those_of_all_labels() -> None:
    network = random_network(shape_of("harnn", SIZES))
    targets = random_targets(len(LENGTHS), sum(SIZES))
    whole = copy.deepcopy(network)

    def work(own: HarnnNetwork, share: LabelShare | None) -> float:
        mine = list(range(sum(SIZES))) if share is None else columns_of(share)
        with torch.autocast("cpu", torch.bfloat16):
            return learn(own, targets[:, mine], None)[1]

    loss = work(whole, None)
    found = shared(network, 2, work)
    assert sum(each[2] for each in found) == pytest.approx(loss, rel=0.01)
    gradients = {name: x.grad for name, x in whole.named_parameters()}
    most = 0.01 * float(
        torch.nn.utils.get_total_norm([x for x in gradients.values() if x is not None])
    )
    for name, gradient in gradients.items():
        for own, share, _ in found:
            rows = share.rows(name, share.number)
            mine = own.get_parameter(name).grad
            if gradient is None or mine is None:
                assert gradient is mine
                continue
            expected = gradient if rows is None else torch.cat([gradient[x] for x in rows])
            assert float((mine - expected).norm()) < most


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("width", [1, 2, 30])
def test_a_beam_over_all_labels(width: int, count: int) -> None:
    network = random_network(shape_of("harnn", SIZES), dtype=torch.float64)
    beam = Beam(HIERARCHY, width, whole=4)

    def work(own: HarnnNetwork, share: LabelShare) -> HarnnOutput:
        with torch.inference_mode():
            return own(*padded(random_documents(LENGTHS)), beam=beam)  # type: ignore[no-any-return]

    whole: HarnnOutput = work(network, LabelShare(SIZES, 0, 1, Threads(1).of(0)))
    for _, share, part in shared(network, count, work):
        mine = columns_of(share)
        torch.testing.assert_close(part.local_logits, whole.local_logits[:, mine])
        torch.testing.assert_close(part.global_logits, whole.global_logits[:, mine])


def test_rows_are_cut_and_put_together_again() -> None:
    network = random_network(shape_of("harnn", SIZES))
    weights = {name: x.clone() for name, x in network.state_dict().items()}
    shares = [LabelShare(SIZES, number, 3, Threads(1).of(0)) for number in range(3)]
    assert [x.parts_of(x.number)[:2] for x in shares] == [
        (slice(0, 0), slice(0, 1)),
        (slice(0, 1), slice(1, 3)),
        (slice(1, 2), slice(3, 5)),
    ]
    assert sorted(c for x in shares for c in columns_of(x)) == list(range(sum(SIZES)))
    network.hold(shares[1])
    assert network.shape.level_sizes == network.head.shape.level_sizes == (1, 2, 13)
    held = network.state_dict()
    cut = ("attend.labels", "read_out", "predict.weight", "predict.bias")
    assert {name for name in weights if held[name].shape != weights[name].shape} == {
        "head.global_predict.weight",
        "head.global_predict.bias",
        *(f"head.levels.{level}.{name}" for level in range(3) for name in cut),
    }
    network.hold_all(weights)
    assert network.shape.level_sizes == SIZES
    assert network.head.share is None
    assert all(torch.equal(weights[name], x) for name, x in network.state_dict().items())


def test_what_needs_all_labels_is_refused() -> None:
    network = random_network(shape_of("harnn", SIZES))
    share = LabelShare(SIZES, 0, 1, Threads(1).of(0))
    network.hold(share)
    with pytest.raises(ValueError, match="Expected all labels in one process"):
        network(*padded(random_documents(LENGTHS)), attention=True)
    constrained = HarnnNetwork(shape_of("harnn", SIZES, max_constraint=True), HIERARCHY)
    with pytest.raises(ValueError, match="Expected no max-constraint to share labels out"):
        constrained.hold(share)

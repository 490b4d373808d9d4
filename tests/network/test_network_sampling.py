"""Training on some labels: exact where all are drawn, weighted right where not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from harnn.branches.network.batch import make_batch
from harnn.corpus import Corpus, Tokens
from harnn.network import HarnnNetwork, LabelSample, LevelSample, hybrid_loss, label_attention
from harnn.taxonomy import Taxonomy
from harnn.training.sampling import LabelSampler
from support.small_networks import (
    hierarchy_of,
    level_of,
    padded,
    random_documents,
    random_network,
    random_targets,
    shape_of,
)

LABELS = (2, 70, 133)
LENGTHS = (7, 0, 3, 5, 1)
EDGES = [
    *((f"a{i}", "ROOT") for i in range(3)),
    *((f"b{i}", f"a{i % 3}") for i in range(12)),
    *((f"c{i}", f"b{i % 12}") for i in range(60)),
]
TAXONOMY = Taxonomy.from_edges(EDGES)


def everything() -> LabelSample:
    return LabelSample(tuple(LevelSample(torch.arange(n), torch.ones(n)) for n in LABELS))


@pytest.mark.parametrize("focus", [0.0, 2.0])
def test_all_labels_as_a_sample_equal_all_labels(focus: float) -> None:
    network = random_network(shape_of("harnn", LABELS), dtype=torch.float64)
    documents = padded(random_documents(LENGTHS))
    targets = random_targets(len(LENGTHS), sum(LABELS)).double()
    every, sample = {}, everything()
    for name, given_sample in (("all", None), ("sample", sample)):
        network.zero_grad()
        output = network(*documents, sample=given_sample)
        weights = None if given_sample is None else given_sample.weights.double()
        loss = hybrid_loss(output, targets, focus=focus, weights=weights)
        torch.autograd.backward(loss)
        gradients = [p.grad for p in network.parameters()]
        every[name] = [loss.detach(), *(g.clone() for g in gradients if g is not None)]
    for found, wanted in zip(every["sample"], every["all"], strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("keep", [0, 1 << 30], ids=["computed-again", "kept"])
def test_a_label_that_stands_for_others_counts_as_if_they_were_like_it(
    keep: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network in which three labels are copies of one: drawing that one, of weight 3, is all."""
    monkeypatch.setattr(label_attention, "_CHUNK_BYTES", 1)
    monkeypatch.setattr(label_attention, "KEEP_BYTES", keep)
    network = random_network(shape_of("harnn", (4, 40)), dtype=torch.float64)
    with torch.no_grad():
        for level, first, copies in ((0, 1, (2, 3)), (1, 5, (6, 7))):
            part = level_of(network, level)
            for weight in (part.attend.labels, part.read_out, part.predict.weight):
                weight[list(copies)] = weight[first].clone()
            part.predict.bias[list(copies)] = part.predict.bias[first].clone()
            places = [4 * level + copy for copy in copies]
            whole = network.head.global_predict
            whole.weight[places] = whole.weight[4 * level + first].clone()
            whole.bias[places] = whole.bias[4 * level + first].clone()
    kept = torch.tensor([c for c in range(40) if c not in (6, 7)])
    weights = torch.ones(38, dtype=torch.float64)
    weights[5] = 3
    sample = LabelSample(
        (
            LevelSample(torch.tensor([0, 1]), torch.tensor([1.0, 3.0], dtype=torch.float64)),
            LevelSample(kept, weights),
        )
    )
    columns = sample.columns((4, 40))
    assert columns.tolist() == [0, 1, *(4 + kept).tolist()]
    documents = padded(random_documents(LENGTHS))
    targets = torch.zeros(len(LENGTHS), 44, dtype=torch.float64)
    targets[:, 0] = targets[:, 14] = 1
    gradients = []
    for some in (None, sample):
        network.zero_grad()
        output = network(*documents, sample=some)
        wanted = targets if some is None else targets[:, columns]
        loss = hybrid_loss(output, wanted, weights=None if some is None else some.weights)
        torch.autograd.backward(loss)
        learned = dict(network.named_parameters())["encoder.forward_lstm.weight_ih_l0"].grad
        assert learned is not None
        gradients.append((loss.detach(), learned.clone()))
    torch.testing.assert_close(gradients[1][0], gradients[0][0], rtol=1e-9, atol=0)
    torch.testing.assert_close(gradients[1][1], gradients[0][1], rtol=1e-7, atol=1e-10)


@given(
    leaves=st.lists(st.integers(15, 74), max_size=4),
    negatives=st.integers(1, 80),
    seed=st.integers(0, 9),
)
def test_what_is_drawn(leaves: list[int], negatives: int, seed: int) -> None:
    true = TAXONOMY.close_upward(np.array(sorted(set(leaves)), dtype=np.int64))
    row = np.zeros((1, len(TAXONOMY)), dtype=bool)
    row[0, true] = True
    sampler = LabelSampler(TAXONOMY.hierarchy, negatives)
    sample = sampler.draw(csr_array(row), np.random.default_rng(seed))
    again = sampler.draw(csr_array(row), np.random.default_rng(seed))
    sizes = (3, 12, 60)
    columns = sample.columns(sizes).numpy()
    assert (np.diff(columns) > 0).all()
    assert set(true) <= set(columns)
    np.testing.assert_array_equal(again.columns(sizes), columns)
    for level, size in zip(sample.levels, sizes, strict=True):
        assert len(level.columns) <= max(negatives, 2) + len(true)
        assert level.weights.sum().item() == pytest.approx(size)
        assert (level.weights >= 1).all()
        assert level.importance().sum().item() == pytest.approx(1)
    weights = dict(zip(columns.tolist(), sample.weights.tolist(), strict=True))
    assert all(weights[column] == 1 for column in true.tolist())


def test_siblings_first() -> None:
    """Of 59 other leaves 4 are siblings of the true one; of 8 negatives 4 are theirs."""
    true = TAXONOMY.close_upward(np.array([TAXONOMY.index["c0"]]))
    row = np.zeros((1, len(TAXONOMY)), dtype=bool)
    row[0, true] = True
    siblings = {f"c{i}" for i in (12, 24, 36, 48)}
    for seed in range(5):
        sample = LabelSampler(TAXONOMY.hierarchy, 8).draw(
            csr_array(row), np.random.default_rng(seed)
        )
        drawn = {TAXONOMY.codes[15 + c] for c in sample.levels[2].columns.tolist()}
        assert siblings | {"c0"} <= drawn
        assert len(drawn) == 9
        weights = sample.levels[2].weights
        assert sorted(set(weights.tolist())) == [1, 55 / 4]


def test_batches_of_some_labels() -> None:
    tokens = Tokens(
        ids=np.array([1, 2, 3], dtype=np.int32),
        offsets=np.arange(4),
        full_lengths=np.ones(3, dtype=np.int64),
    )
    targets = csr_array(np.eye(3, 5, dtype=bool))
    corpus = Corpus(ids=("a", "b", "c"), targets=targets, views={"tokens": tokens})
    batch = make_batch(corpus, np.array([2, 0]), np.array([0, 2, 4]))
    assert batch.targets.tolist() == [[0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize("mode", ["paper", "harnn"])
def test_networks_that_read_all_labels(mode: str) -> None:
    shape = shape_of(mode, (2, 3), max_constraint=mode == "harnn")
    network = HarnnNetwork(shape, hierarchy_of([(2, 0)], (2, 3)))
    sample = LabelSample(tuple(LevelSample(torch.arange(1), torch.ones(1)) for _ in range(2)))
    with pytest.raises(ValueError, match="Expected mode harnn without max-constraint"):
        network(*padded(random_documents([3])), sample=sample)

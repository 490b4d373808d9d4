"""Prediction down the taxonomy: the same scores where labels look, shared evidence elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from harnn.network import Beam, HarnnNetwork, beam
from harnn.network.beam import Candidates
from support.small_networks import (
    hierarchy_of,
    level_of,
    padded,
    random_documents,
    random_network,
    shape_of,
)

LABELS = (3, 12, 60)
STARTS = (0, 3, 15)
LENGTHS = (7, 0, 3, 5, 1)
# Children a, b, c, a, b, c, ... of the level above, and one label with parents in both levels.
EDGES = np.array(
    [
        *((3 + i, i % 3) for i in range(12)),
        *((15 + i, 3 + i % 12) for i in range(60)),
        (20, 1),
    ]
)
HIERARCHY = hierarchy_of(EDGES, LABELS)


def network(**changes: Any) -> HarnnNetwork:
    return random_network(shape_of("harnn", LABELS, **changes), dtype=torch.float64).eval()


def logits(
    net: HarnnNetwork, chosen: Beam | None, lengths: tuple[int, ...] = LENGTHS
) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.inference_mode():
        output = net(*padded(random_documents(lengths)), beam=chosen)
    return output.local_logits, output.global_logits


class EveryLabelStandsForItself(Beam):
    """Reads the level as a whole from all of its labels."""

    def candidates(self, level: int, kept: Sequence[NDArray[np.int64]]) -> Candidates | None:
        found = super().candidates(level, kept)
        return found and found._replace(spread=torch.arange(LABELS[level]))


def test_small_levels_are_scored_whole() -> None:
    net = network()
    for found, wanted in zip(logits(net, Beam(HIERARCHY, 1)), logits(net, None), strict=True):
        assert torch.equal(found, wanted)


@pytest.mark.parametrize("values", [1, 16 << 20], ids=["one-by-one", "together"])
def test_candidates_equal_all_labels_where_all_are_candidates(
    values: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beam, "_MOST_VALUES", values)
    net = network()
    wide = EveryLabelStandsForItself(HIERARCHY, 60, whole=5)
    for found, wanted in zip(logits(net, wide), logits(net, None), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-11)


def test_only_children_of_the_best_labels_look() -> None:
    net = network()
    width = 2
    exact, _ = logits(net, None)
    local, _ = logits(net, EveryLabelStandsForItself(HIERARCHY, width, whole=5))
    for row, length in enumerate(LENGTHS):
        best = set(exact[row, :3].topk(width).indices.tolist())
        second = sorted(int(child) for child, parent in EDGES if parent in best and child < 15)
        # The levels read as a whole what they would read with all labels looking.
        torch.testing.assert_close(local[row, :3], exact[row, :3])
        torch.testing.assert_close(local[row, second], exact[row, second])
        others = sorted(set(range(3, 15)) - set(second))
        if length:
            assert not torch.isclose(local[row, others], exact[row, others]).any()
        else:  # nothing to look at
            torch.testing.assert_close(local[row], exact[row])


def test_the_other_labels_share_the_mean_evidence() -> None:
    net = network()
    exact, _ = logits(net, None)
    local, _ = logits(net, EveryLabelStandsForItself(HIERARCHY, 1, whole=5))
    with torch.no_grad():
        assert not torch.isclose(local[0, 3:15], exact[0, 3:15]).all()
        total = (local[0, 3:15] - exact[0, 3:15])[~torch.isclose(local[0, 3:15], exact[0, 3:15])]
        level_of(net, 1).read_out.mul_(0)
        without, _ = logits(net, None)
        evidence = exact[0, 3:15] - without[0, 3:15]
        others = ~torch.isclose(local[0, 3:15], exact[0, 3:15])
        torch.testing.assert_close(total, (evidence.mean() - evidence)[others])


def test_labels_that_stand_for_all_come_close() -> None:
    net = network()
    exact, _ = logits(net, None)
    local, _ = logits(net, Beam(HIERARCHY, 60, whole=10))
    assert 0 < float((local - exact).abs().max()) < 0.1


def test_other_documents_change_nothing() -> None:
    net = network()
    chosen = Beam(HIERARCHY, 1, whole=5)
    together = logits(net, chosen)
    documents = random_documents(LENGTHS)
    with torch.inference_mode():
        for row, document in enumerate(documents):
            alone = net(*padded([document]), beam=chosen)
            for found, wanted in zip(alone[:2], together, strict=True):
                torch.testing.assert_close(found[0], wanted[row], rtol=1e-9, atol=1e-11)


def test_a_parent_scores_at_least_what_a_child_does_with_a_max_constraint() -> None:
    shape = shape_of("harnn", LABELS, max_constraint=True)
    net = HarnnNetwork(shape, HIERARCHY).double().eval()
    net.load_state_dict(network().state_dict(), strict=False)
    with torch.inference_mode():
        output = net(*padded(random_documents(LENGTHS)), beam=Beam(HIERARCHY, 1, whole=5))
        scores = net.scores(output)
    assert (scores[:, EDGES[:, 1]] >= scores[:, EDGES[:, 0]]).all()


def test_what_a_beam_does_not_go_with() -> None:
    documents = padded(random_documents(LENGTHS))
    chosen = Beam(HIERARCHY, 1)
    paper = random_network(shape_of("paper", LABELS), dtype=torch.float64).eval()
    net = network()
    calls: tuple[Callable[[], object], ...] = (
        lambda: paper(*documents, beam=chosen),
        lambda: net(*documents, beam=chosen, attention=True),
        lambda: net.train()(*documents, beam=chosen),
    )
    for call in calls:
        with pytest.raises(ValueError, match="Expected mode harnn, in evaluation"):
            call()
    with pytest.raises(ValueError, match="Expected a beam of at least 1 label, got 0"):
        Beam(HIERARCHY, 0)

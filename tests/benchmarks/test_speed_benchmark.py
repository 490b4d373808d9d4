"""The speed benchmark: its shapes, its naive port, its tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch


@pytest.mark.parametrize("labels", [156, 3_538, 9_162, 100_000])
def test_shapes_have_the_labels_they_say(labels: int) -> None:
    from speed.shapes import of_labels

    assert of_labels(labels).labels == labels


def test_documents_of_a_shape() -> None:
    from speed.shapes import of_labels

    shape = of_labels(300, "20")
    corpus = shape.corpus(7)
    assert corpus.tokens.lengths.tolist() == [20] * 7
    taxonomy = shape.taxonomy
    assert len(taxonomy) == 300
    dense = corpus.targets.toarray()
    np.testing.assert_array_equal(taxonomy.hierarchy.close_sets(corpus.targets).toarray(), dense)
    assert dense.any(axis=1).all()


@pytest.mark.slow
def test_the_naive_port_learns() -> None:
    from speed import naive

    torch.manual_seed(0)
    sizes = {"embedding_size": 8, "lstm_size": 8, "attention_size": 8, "fc_size": 8}
    network = naive.NaiveHarnn(20, (2, 3), **sizes)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    documents = [np.array([word] * 5, dtype=np.int32) for word in (3, 9)]
    targets = np.array([[1, 0, 1, 0, 0], [0, 1, 0, 0, 1]], dtype=np.float32)
    [(token_ids, wanted)] = naive.batches(documents, targets, range(2))
    assert token_ids.shape == (2, naive.LENGTH)
    losses = [naive.train_step(network, optimizer, token_ids, wanted) for _ in range(200)]
    assert losses[-1] < losses[0] / 3
    assert torch.equal(network.eval().scores(token_ids) > 0.5, wanted > 0.5)


def test_tables(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from speed.report import draw, tables

    rate: dict[str, Any] = {"documents_per_second": 10.0, "peak_mb": 800.0}
    ours = {"documents_per_second": 60.0, "peak_mb": 200.0, "operations": 5e8, "waiting": 0.01}
    labels = [{"name": 10**n, "how": "all", "step_seconds": n, "peak_mb": 99} for n in (1, 2)]
    results = {
        "machine": {"cores": 2, "python": "3.11", "date": "2026-11-21"},
        "threads": 2,
        "ceilings": [{"float32": 1, "float32_medium": 100, "bfloat16": 60, "copy": 3}],
        "training": [
            {"name": "a", "how": "train-naive", **rate},
            {"name": "a", "how": "train", "bfloat16": True, **ours},
        ],
        "beam": [{"name": 10_000, "how": "beam", "documents_per_second": 77.7, "peak_mb": 5.0}],
        "reading": [
            {
                "name": "a",
                "documents": 3,
                "tokens": 9,
                "vocabulary_seconds": 1,
                "plain_seconds": 2,
                "again_seconds": 0.1,
            }
        ],
        "labels": [*labels, {"name": 5, "how": "all", "failed": ["killed"]}],
    }
    text = tables(results)
    assert "| a | train | 60 | 6.0 | 200 | 0.25 | 50% of bfloat16 | 1.0% |" in text
    assert "| 5 | all | failed | ['killed'] |" in text
    assert "| 10,000 | beam of 10 | 78 | 5 |" in text
    assert "| a | 3 | 9 | 1.0 | 2.0 | 0.1 |" in text
    draw(results, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 1_000

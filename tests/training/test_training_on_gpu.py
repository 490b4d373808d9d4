"""What training does otherwise for a GPU."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from harnn._cores import count_cores
from harnn.branches.text_vectors import open_encoder
from harnn.config import TrainingConfig
from harnn.training.train_text_vectors import _move
from harnn.training.word_vectors import _threads
from support.tiny_encoder import make_tiny_encoder


@pytest.mark.parametrize(
    ("device", "threads", "expected"),
    [("cpu", 6, 1), ("cuda", 6, 6), ("cuda:1", 64, 8), ("cuda", 0, min(8, count_cores()))],
)
def test_word_vectors_have_one_thread_on_a_cpu(device: str, threads: int, expected: int) -> None:
    training = TrainingConfig(device=device, threads=threads)
    task: Any = SimpleNamespace(config=SimpleNamespace(training=training))
    assert _threads(task) == expected


def test_what_pytorch_computes_of_an_encoder_is_moved(tmp_path: Any) -> None:
    encoder = open_encoder(str(make_tiny_encoder(tmp_path / "tiny")), 8)
    _move(encoder, "meta")
    (network,) = encoder.networks  # type: ignore[attr-defined]
    assert next(network.parameters()).device.type == "meta"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_makes_the_same_vectors(tmp_path: Any) -> None:
    encoder = open_encoder(str(make_tiny_encoder(tmp_path / "tiny")), 8)
    texts = ["the cat", "", "a dog of the forest"]
    expected = encoder.encode(texts)
    _move(encoder, "cuda")
    np.testing.assert_allclose(encoder.encode(texts), expected, atol=1e-2)

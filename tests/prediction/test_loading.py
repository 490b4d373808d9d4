"""Where a loaded model is computed, and how it travels to other processes."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import harnn
from harnn.branches.onnx_session import _threads_of_environment
from harnn.errors import ConfigError

MODELS = Path(__file__).parents[1] / "golden" / "format-3"
KINDS = ["blend", "paper", "fast", "network", "blend-onnx", "network-onnx", "blend-int8"]
TEXTS = ["Willow pollen for the bees", "", "a dripping tap " * 30]


def pickled(predictor: harnn.Predictor) -> harnn.Predictor:
    again: harnn.Predictor = pickle.loads(pickle.dumps(predictor))
    return again


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
@pytest.mark.parametrize("name", KINDS)
def test_copies_answer_the_same(
    name: str, copied: Callable[[harnn.Predictor], harnn.Predictor]
) -> None:
    predictor = harnn.Predictor.load(MODELS / name)
    again = copied(predictor)
    assert again is not predictor
    np.testing.assert_array_equal(again.scores(TEXTS).values, predictor.scores(TEXTS).values)
    assert again.predict(TEXTS) == predictor.predict(TEXTS)


@pytest.mark.parametrize(
    ("said", "threads"),
    [("4", 4), ("4,2", 4), (" 3 , 1", 3), ("", 0), (",2", 0), ("many", 0), ("-1", 0), ("²", 0)],
)
def test_threads_of_the_environment(
    said: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert _threads_of_environment() == threads
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert _threads_of_environment() == 0


def test_an_exported_model_with_threads_for_nested_levels() -> None:
    model = str(MODELS / "blend-onnx")
    code = f"import harnn; print(len(harnn.Predictor.load({model!r}).predict(['x'])))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"OMP_NUM_THREADS": "2,1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1\n"


@pytest.mark.parametrize(("name", "threads"), [("blend-onnx", 1), ("fast", 2), ("blend", 1)])
def test_a_program_divides_texts_among_threads_with_or_without_pytorch(
    name: str, threads: int
) -> None:
    code = (
        "import sys, harnn, threadpoolctl\n"
        f"predictor = harnn.Predictor.load({str(MODELS / name)!r})\n"
        "predictor.predict(['x'])\n"
        "predictor.tune_process()\n"
        "found = threadpoolctl.threadpool_info()\n"
        "numpy = [x for x in found if x['user_api'] == 'blas' and 'numpy' in x['filepath']]\n"
        "print({x['num_threads'] for x in numpy}, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    threads = min(threads, len(os.sched_getaffinity(0)))  # OpenBLAS has no more than cores
    assert done.stdout == f"{{{threads}}} {name == 'blend'}\n"


def refused(name: str, device: str) -> str:
    with pytest.raises(ConfigError) as caught:
        harnn.Predictor.load(MODELS / name, device=device)
    return str(caught.value)


def test_devices() -> None:
    ours = harnn.Predictor.load(MODELS / "network").scores(TEXTS).values
    for device in ("cpu", "auto"):
        found = harnn.Predictor.load(MODELS / "network", device=device).scores(TEXTS).values
        np.testing.assert_allclose(found, ours, atol=1e-4)
        harnn.Predictor.load(MODELS / "fast", device=device)
        harnn.Predictor.load(MODELS / "network-onnx", device=device)
    expected = "device: got 'gpu', expected auto, cpu, cuda, cuda:NUMBER or mps."
    assert refused("network", "gpu") == refused("fast", "gpu") == expected
    assert refused("fast", "cuda") == (
        "device: got 'cuda', but the model has no network that PyTorch computes. It is computed on "
        "the CPU."
    )


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there() -> None:
    assert refused("network", "cuda").startswith("device: 'cuda' is not available: ")
    assert refused("blend", "cuda:7").startswith("device: 'cuda:7' is not available: ")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("name", ["blend", "paper", "network"])
def test_a_gpu_scores_alike(name: str) -> None:
    ours = harnn.Predictor.load(MODELS / name)
    there = harnn.Predictor.load(MODELS / name, device="cuda")
    np.testing.assert_allclose(there.scores(TEXTS).values, ours.scores(TEXTS).values, atol=1e-3)
    words = there.explain(TEXTS[0], top_k=2).labels[0].weights
    weights = ours.explain(TEXTS[0], top_k=2).labels[0].weights
    assert [w.weight for w in words] == pytest.approx([w.weight for w in weights], abs=1e-3)

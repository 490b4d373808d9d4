"""The script for a GPU, tried on the CPU."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "gpu" / "__main__.py"


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program as a module."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    spec = importlib.util.spec_from_file_location("gpu_benchmark", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so(gpu: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="PyTorch finds no CUDA device here"):
        gpu.main(["--output", str(tmp_path / "gpu.json")])
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_it_runs_on_the_cpu(gpu: ModuleType, data: Path, tmp_path: Path) -> None:
    output = tmp_path / "gpu.json"
    arguments = ["--device", "cpu", "--data", str(data), "--dataset", "tiny"]
    arguments += ["--only", "limits", "default", "--set", "training.epochs=1", "--workers", "1"]
    assert gpu.main([*arguments, "--output", str(output)]) == 0
    found = json.loads(output.read_text(encoding="utf-8"))
    assert min(found["limits"].values()) > 0
    assert found["default"]["workers"]["documents_per_second"] > 0
    assert set(found["default"]["test"]) == {"micro_f1", "macro_f1", "auprc"}
    assert found["default"]["documents"] == {"train": 60, "valid": 24, "test": 24}
    assert found["default"]["largest_difference"] == 0
    assert found["default"]["stages"]


def test_a_part_that_fails_leaves_its_error(
    gpu: ModuleType, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(device: str) -> dict[str, float]:
        raise RuntimeError(f"no luck on {device}")

    monkeypatch.setattr(gpu, "measure_limits", fail)
    monkeypatch.setattr(gpu, "_measure_step", lambda device: {"ms": 1.0})
    output = tmp_path / "gpu.json"
    arguments = ["--device", "cpu", "--data", str(data), "--dataset", "tiny"]
    assert gpu.main([*arguments, "--only", "limits", "step", "--output", str(output)]) == 1
    found = json.loads(output.read_text(encoding="utf-8"))
    assert "no luck on cpu" in found["limits"]["error"]
    assert found["step"]["ms"] == 1.0


def test_operations_of_an_encoder(gpu: ModuleType) -> None:
    """Those of a layer by hand: 2 for each weight and token, and two products for the attention."""
    from gpu.encoder import operations

    config = {"hidden_size": 4, "intermediate_size": 16, "num_hidden_layers": 2}
    weights = 4 * 4 * 4 + 2 * 4 * 16
    assert operations(config, 3, 5) == 2 * 3 * (5 * 2 * weights + 2 * 2 * 5 * 5 * 4)

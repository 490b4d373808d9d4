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
    arguments += ["--only", "limits", "default", "--set", "training.epochs=1"]
    assert gpu.main([*arguments, "--output", str(output)]) == 0
    found = json.loads(output.read_text(encoding="utf-8"))
    assert min(found["limits"].values()) > 0
    assert found["default"]["documents"] == {"train": 60, "valid": 24, "test": 24}
    assert found["default"]["largest_difference"] == 0
    assert found["default"]["stages"]

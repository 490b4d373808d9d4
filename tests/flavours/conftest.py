"""Models in other forms, written once."""

from __future__ import annotations

from pathlib import Path

import pytest

MODELS = Path(__file__).parents[1] / "golden" / "format-3"


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported model with the handler of Hugging Face, as the command writes it."""
    from harnn.cli import run

    output = tmp_path_factory.mktemp("huggingface") / "repository"
    words = ["export", str(MODELS / "network-onnx"), "--output", str(output)]
    assert run([*words, "--format", "huggingface"]) == 0
    return output

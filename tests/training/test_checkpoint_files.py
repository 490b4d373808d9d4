"""Checkpoints as files: damage is named, and nothing that is not finite is gone on from."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from harnn.bundle import EpochRow
from harnn.errors import BundleError
from harnn.training.checkpoint import FILE, Checkpoint, load_checkpoint, save_checkpoint


def made() -> Checkpoint:
    tensors = {
        "weights/x": torch.arange(6.0).reshape(2, 3),
        "optimizer/0/step": torch.tensor(3.0),
        "random/cpu": torch.random.get_rng_state(),
    }
    row = EpochRow(**dict.fromkeys(EpochRow.__annotations__, 1))
    counts = dict.fromkeys(("epoch", "batch", "steps", "documents", "tokens", "positions"), 3)
    numbers = dict.fromkeys(("loss", "seconds", "rate"), 0.5)
    progress = counts | numbers | {"history": [row.to_dict()]}
    return Checkpoint(tensors, {"progress": progress, "fingerprint": "0"})


def rewrite(directory: Path, change: Callable[[dict[str, Tensor], Any], object]) -> None:
    """Write a checkpoint as older versions did, without its hash."""
    with safe_open(directory / FILE, framework="pt") as file:
        state = json.loads(file.metadata()["state"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(tensors, state)
    save_file(tensors, directory / FILE, metadata={"format": "1", "state": json.dumps(state)})


def refuse(directory: Path) -> list[str]:
    with pytest.raises(BundleError) as error:
        load_checkpoint(directory)
    assert {problem.where for problem in error.value.problems} == {str(directory / FILE)}
    return [f"{problem.what} {problem.hint}".strip() for problem in error.value.problems]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        path = save_checkpoint(made(), tmp_path / "to" / "be" / "made")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    found = load_checkpoint(path.parent)
    assert found.state == made().state
    assert all(torch.equal(found.tensors[name], x) for name, x in made().tensors.items())
    rewrite(path.parent, lambda tensors, state: None)
    assert load_checkpoint(path.parent).state == made().state


@pytest.mark.parametrize("size", [0, 1])
def test_arrays_of_no_stride(size: int, tmp_path: Path) -> None:
    """As NumPy may make them where there is nothing to step over."""
    found = torch.as_strided(torch.ones(1), (size,), (0,))
    checkpoint = made()
    checkpoint.tensors["weights/y"] = found
    save_checkpoint(checkpoint, tmp_path)
    assert torch.equal(load_checkpoint(tmp_path).tensors["weights/y"], found)


def test_word_vectors_of_no_network(tmp_path: Path) -> None:
    save_checkpoint(made(), tmp_path)
    with pytest.raises(BundleError) as error:
        _ = load_checkpoint(tmp_path).embedding_size
    assert str(error.value) == (
        f"{tmp_path / FILE}: is damaged: embedding.weight has the shape (0,), expected (V, E). "
        "Train without --resume."
    )


def test_a_changed_bit(tmp_path: Path) -> None:
    path = save_checkpoint(made(), tmp_path)
    content = bytearray(path.read_bytes())
    content[-60] ^= 1
    path.write_bytes(content)
    assert refuse(tmp_path) == [
        "was changed after it was written (its SHA-256 differs). Train without --resume."
    ]
    path.write_bytes(content[:-1])
    (problem,) = refuse(tmp_path)
    assert problem.startswith("is damaged: ")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda t, s: s.clear(), "it does not tell how far the training is."),
        (lambda t, s: s.update(fingerprint=3), "it does not tell how far the training is."),
        (lambda t, s: s["progress"].update(steps=-1), "steps: got -1, expected a number."),
        (lambda t, s: s["progress"].update(epoch="1"), "epoch: got '1', expected a number."),
        (lambda t, s: s["progress"].update(loss=10**400), "loss: got 1000"),
        (lambda t, s: s["progress"].update(rate=None), "rate: got None, expected a number."),
        (lambda t, s: s["progress"].pop("batch"), "progress: got ['documents', "),
        (lambda t, s: s["progress"].update(history=7), "history: got 7, expected a list."),
        (lambda t, s: s["progress"].update(history=[7]), "got 7, expected epoch, steps, "),
        (lambda t, s: s["progress"].update(loss=float("nan")), "NaN is no number of JSON."),
        (lambda t, s: s.update(contents=7), "contents: got 7, expected an object of SHA-256."),
        (lambda t, s: s.update(contents={"vectors": 7}), "contents: got {'vectors': 7}, "),
        (lambda t, s: t.pop("weights/x"), "weights/ is missing."),
        (lambda t, s: t.pop("random/cpu"), "random/cpu is missing."),
        (
            lambda t, s: t["weights/x"].fill_(float("inf")),
            "weights/x holds values that are no finite numbers.",
        ),
    ],
)
def test_values_of_older_checkpoints(
    tmp_path: Path, change: Callable[[dict[str, Tensor], Any], object], what: str
) -> None:
    save_checkpoint(made(), tmp_path)
    rewrite(tmp_path, change)
    (problem,) = refuse(tmp_path)
    assert problem.startswith(f"is damaged: {what}")

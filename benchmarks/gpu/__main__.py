"""Measure training and prediction on a GPU beside the CPU, part by part.

    python benchmarks/gpu [--device cuda] [--data HARNN_DATA] [--dataset arxiv-cat]
        [--only PART ...] [--documents N] [--output runs/gpu.json]

Parts: ``limits`` (what the device can multiply), ``default`` (training and prediction of the
default preset), ``transformer`` (of a fine-tuned encoder beside the linear branch). Each is written
when it is done, so that a run that is cut off keeps what it has. Targets for an H100: default
training in 60 s, the encoder in 120 s, 20,000 abstracts a second, half of the bfloat16 limit in the
encoder, scores that differ from the CPU's by 1e-3 at most.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
# The folder that Python puts on the path would let our files hide installed modules.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != HERE]
sys.path.append(str(HERE.parent))

import numpy as np  # noqa: E402  (only after the lines above)
from accuracy.reading import DATA, Dataset  # noqa: E402

from harnn._files import write_atomically  # noqa: E402

PARTS = ("limits", "default", "transformer")
SIZES = {"cuda": 8_192, "cpu": 1_024}
ROUNDS = 20
COMPARED = 200
"""Documents that the CPU scores too."""
TOKENS = 256
"""That the encoder reads of an abstract."""


def multiplied(device: str) -> dict[str, float]:
    """Return TFLOP/s of the device in products of two square matrices."""
    import torch

    found, size = {}, SIZES[device.partition(":")[0]]
    for dtype in (torch.float32, torch.bfloat16):
        a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
        torch.mm(a, b)
        _wait(device)
        started = time.perf_counter()
        for _ in range(ROUNDS):
            torch.mm(a, b)
        _wait(device)
        seconds = (time.perf_counter() - started) / ROUNDS
        found[str(dtype).removeprefix("torch.")] = 2 * size**3 / seconds / 1e12
    return found


def train_and_predict(
    dataset: Dataset, device: str, settings: Sequence[str], documents: int
) -> dict[str, Any]:
    """Train, predict the test documents on both devices, and compare; seconds by stage are told."""
    import harnn
    from harnn.config import Config
    from harnn.data import read_documents
    from harnn.network import tune_process

    tune_process()
    train, valid, test = (
        list(islice(read_documents(dataset.path(split)), documents or None))
        for split in ("train", "valid", "test")
    )
    config = Config.read(None, [f"training.device={device}", "training.seed=1", *settings])
    stages: list[tuple[float, str]] = []
    started = time.perf_counter()

    def listen(event: object) -> None:
        stages.append((time.perf_counter() - started, str(event)))
        print(f"{stages[-1][0]:7.1f} s  {event}")

    result = harnn.fit(dataset.taxonomy, train, valid, config, listener=listen)
    seconds = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        harnn.save_bundle(result, model)
        on_device = harnn.Predictor.load(model, device=device)
        on_device.scores(test[:COMPARED])  # what is compiled or loaded at first
        _wait(device)
        begun = time.perf_counter()
        scores = on_device.scores(test).values
        predicting = time.perf_counter() - begun
        on_cpu = harnn.Predictor.load(model).scores(test[:COMPARED]).values
    report = result.report
    return {
        "settings": list(settings),
        "documents": {"train": len(train), "valid": len(valid), "test": len(test)},
        "training_seconds": seconds,
        "stages": stages,
        "valid": {"micro_f1": report.micro_f1, "auprc": report.auprc},
        "predicted_per_second": len(test) / predicting,
        "largest_difference": float(np.abs(scores[:COMPARED] - on_cpu).max()),
    }


def _wait(device: str) -> None:
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize()


def _machine(device: str) -> dict[str, Any]:
    import torch

    name = torch.cuda.get_device_name() if device.startswith("cuda") else "CPU"
    return {"device": name, "torch": torch.__version__, "date": date.today().isoformat()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts; return the exit code."""
    parser = argparse.ArgumentParser(prog="python benchmarks/gpu")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the datasets")
    parser.add_argument("--dataset", default="arxiv-cat")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--documents", type=int, default=0, help="of each split, at most; 0: all")
    parser.add_argument("--set", action="append", default=[], help="a setting of both trainings")
    parser.add_argument("--output", type=Path, default=Path("runs/gpu.json"))
    chosen = parser.parse_args(arguments)
    import torch

    if chosen.device.startswith("cuda") and not torch.cuda.is_available():
        raise SystemExit("PyTorch finds no CUDA device here; --device cpu tries the program.")
    dataset = Dataset.open(chosen.dataset, chosen.data)

    def trained(*settings: str) -> dict[str, Any]:
        return train_and_predict(dataset, chosen.device, [*settings, *chosen.set], chosen.documents)

    encoder = ("model.preset=fast", "model.transformer=on", f"transformer.tokens={TOKENS}")
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "limits": lambda: multiplied(chosen.device),
        "default": lambda: trained("model.text_vectors=off"),
        "transformer": lambda: trained(*encoder),
    }
    found: dict[str, Any] = {"machine": _machine(chosen.device), "dataset": chosen.dataset}
    for name in chosen.only:
        print(f"== {name}")
        found[name] = parts[name]()
        chosen.output.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(chosen.output) as file:
            json.dump(found, file, indent=1)
    shown = {name: found[name] for name in chosen.only}
    for part in shown.values():
        part.pop("stages", None)
    print(json.dumps(shown, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())

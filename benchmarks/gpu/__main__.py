"""Measure training and prediction on a GPU beside the CPU, part by part.

    python benchmarks/gpu [--device cuda] [--data HARNN_DATA] [--dataset arxiv-cat]
        [--only PART ...] [--documents N] [--output runs/gpu.json]

Parts: ``limits`` (what the device can multiply and copy), ``start`` (a small training, after which
everything is compiled and loaded), ``step`` (one of the network's, kernel by kernel and recorded),
``encoder`` (the share of the limit that the encoder uses), ``labels`` (attention of 8,364 labels),
``default`` (training and prediction of the default preset), ``transformer`` (of a fine-tuned
encoder beside the linear branch), ``best`` (preset ``best``).
Each is written when it is done, and one that fails leaves its error, so that a run that is cut off
keeps what it has. Targets for an H100: default training in 60 s, the encoder in 120 s, 20,000
abstracts a second, half of the bfloat16 limit in the encoder, scores that differ from the CPU's by
1e-3 at most.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
# The folder that Python puts on the path would let our files hide installed modules.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != HERE]
sys.path.append(str(HERE.parent))

from accuracy.reading import DATA, Dataset  # noqa: E402  (only after the lines above)

from gpu.models import free_memory, train_and_predict, train_sample  # noqa: E402
from harnn._files import write_atomically  # noqa: E402

PARTS = ("limits", "start", "step", "encoder", "labels", "default", "transformer", "best")
SIZES = {"cuda": 8_192, "cpu": 1_024}
ROUNDS = 20
TOKENS = 256
"""That the encoder reads of an abstract."""


def measure_limits(device: str) -> dict[str, float]:
    """Return TFLOP/s in products of two square matrices, and GB/s read and written in copies."""
    import torch

    size = SIZES[device.partition(":")[0]]
    found = {}
    for dtype in (torch.float32, torch.bfloat16):
        a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
        seconds = _seconds(partial(torch.mm, a, b), device)
        found[str(dtype).removeprefix("torch.")] = 2 * size**3 / seconds / 1e12
    source = torch.randn(16 * size, size, device=device)
    target = torch.empty_like(source)
    seconds = _seconds(lambda: target.copy_(source), device)
    return found | {"gigabytes_per_second": 2 * source.nbytes / seconds / 1e9}


def _seconds(work: Callable[[], object], device: str) -> float:
    import torch

    def wait() -> None:
        if device.startswith("cuda"):
            torch.cuda.synchronize()

    work()
    wait()
    started = time.perf_counter()
    for _ in range(ROUNDS):
        work()
    wait()
    return (time.perf_counter() - started) / ROUNDS


def _measure_labels(device: str) -> dict[str, Any]:
    from gpu.labels import compare_attention, compare_scores

    return {"scores": compare_scores(device), "attention": compare_attention(device)}


def _measure_step(device: str) -> dict[str, Any]:
    from gpu.steps import measure

    return measure(device)


def _measure_encoder(device: str) -> dict[str, Any]:
    from gpu.encoder import measure

    return measure(device, measure_limits(device)["bfloat16"])


def _machine(device: str) -> dict[str, Any]:
    import torch

    from harnn._cores import count_cores

    name = torch.cuda.get_device_name() if device.startswith("cuda") else "CPU"
    versions = {"python": sys.version.split()[0], "torch": torch.__version__}
    return {"device": name, "cores": count_cores(), **versions, "date": date.today().isoformat()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts; return the exit code."""
    parser = argparse.ArgumentParser(prog="python benchmarks/gpu")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the datasets")
    parser.add_argument("--dataset", default="arxiv-cat")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--documents", type=int, default=0, help="of each split, at most; 0: all")
    parser.add_argument("--workers", type=int, default=0, help="processes that predict; 0: none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], help="a setting of all trainings")
    parser.add_argument("--output", type=Path, default=Path("runs/gpu.json"))
    chosen = parser.parse_args(arguments)
    import torch

    from harnn.network import tune_process

    if chosen.device.startswith("cuda") and not torch.cuda.is_available():
        raise SystemExit("PyTorch finds no CUDA device here; --device cpu tries the program.")
    dataset, device = Dataset.open(chosen.dataset, chosen.data), chosen.device
    tune_process()

    def trained(*settings: str, workers: int = 0) -> dict[str, Any]:
        every = [f"training.device={device}", f"training.seed={chosen.seed}", *settings]
        return train_and_predict(
            dataset,
            [*every, *chosen.set],
            device=device,
            documents=chosen.documents,
            workers=workers,
        )

    encoder = ("model.preset=fast", "model.transformer=on", f"transformer.tokens={TOKENS}")
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "limits": lambda: measure_limits(device),
        "start": lambda: train_sample(device),
        "step": lambda: _measure_step(device),
        "default": lambda: trained("model.text_vectors=off", workers=chosen.workers),
        "transformer": lambda: trained(*encoder),
        "encoder": lambda: _measure_encoder(device),
        "labels": lambda: _measure_labels(device),
        "best": lambda: trained(
            "model.preset=best", "text.text_encoder=minilm", f"transformer.tokens={TOKENS}"
        ),
    }
    found: dict[str, Any] = {"machine": _machine(device), "dataset": chosen.dataset}
    failed = False
    for name in chosen.only:
        print(f"== {name}")
        started = time.perf_counter()
        try:
            found[name] = parts[name]()
        except Exception:  # what the other parts find is wanted all the same
            failed = True
            found[name] = {"error": traceback.format_exc()}
        found[name]["seconds"] = time.perf_counter() - started
        free_memory(device)
        chosen.output.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(chosen.output) as file:
            json.dump(found, file, indent=1)
        shown = {key: value for key, value in found[name].items() if key != "stages"}
        print(found[name]["error"] if "error" in found[name] else json.dumps(shown))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

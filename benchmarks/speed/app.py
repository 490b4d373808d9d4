"""The command line: which measurements there are, and their tables."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from harnn._files import write_atomically
from speed.shapes import DATA, LABELS, LENGTHS, SHAPES

HERE = Path(__file__).resolve().parent
SAMPLED = 4_096
ALL_LABELS = 1_000_000_000
HOW = ("torch", "torch-bfloat16", "onnx", "onnx-int8")
TEXT = "The bees in the second hive filled a frame with willow pollen."
Row = dict[str, Any]


def worker(what: str, threads: int, **options: Any) -> Row:
    """Run one measurement in a process of its own."""
    command = [sys.executable, "-m", "speed.worker", what, "--threads", str(threads)]
    for name, value in options.items():
        plain = json.dumps(value) if isinstance(value, dict) else str(value)
        command += [f"--{name}", plain]
    return _json_of(command, threads)


def _json_of(command: list[str], threads: int) -> Row:
    environment = os.environ | {
        "OMP_NUM_THREADS": str(threads),
        "PYTHONPATH": os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")]),
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1:] or [str(done.returncode)]}
    found: Row = json.loads(done.stdout.splitlines()[-1])
    return found


def measure_ceilings(threads: int) -> Iterator[Row]:
    """What the machine can do."""
    yield {"name": "ceilings", **worker("ceilings", threads)}


def measure_training(threads: int) -> Iterator[Row]:
    """Ours and the naive port on the same documents."""
    for shape in SHAPES:
        documents = {"arxiv-cat": 768, "patents": 256}[shape]
        for what in ("train-naive", "train"):
            found = worker(what, threads, shape=shape, documents=documents)
            yield {"name": shape, "how": what, **found}


def measure_prediction(threads: int) -> Iterator[Row]:
    """Networks alone, in bulk."""
    for shape in SHAPES:
        documents = {"arxiv-cat": 2_048, "patents": 512}[shape]
        found = worker("predict-naive", threads, shape=shape, documents=documents // 4)
        yield {"name": shape, "how": "naive", **found}
        for how in HOW:
            found = worker("predict", threads, shape=shape, documents=documents, how=how)
            yield {"name": shape, "how": how, **found}


def measure_latency(_threads: int) -> Iterator[Row]:
    """The network alone for one document at a time, one thread."""
    for length in ("64", "256"):
        for how in ("torch", "onnx", "onnx-int8"):
            yield {
                "name": f"{length} tokens",
                "how": how,
                **worker("latency", 1, shape=f"156:{length}", how=how),
            }


def measure_start(threads: int) -> Iterator[Row]:
    """Commands from a cold process, and a whole model with all its branches."""
    harnn = [sys.executable, "-m", "harnn"]
    with tempfile.TemporaryDirectory() as folder:
        model, light = f"{folder}/harnn-demo-model", f"{folder}/light"
        subprocess.run([*harnn, "demo", "--out", model], check=True, capture_output=True)
        export = [*harnn, "export", model, "--output", light]
        subprocess.run(export, check=True, capture_output=True)
        commands = {
            "import harnn": [sys.executable, "-c", "import harnn"],
            "harnn --help": [*harnn, "--help"],
            "harnn predict": [*harnn, "predict", model, "--text", TEXT],
            "harnn predict, exported": [*harnn, "predict", light, "--text", TEXT],
        }
        for name, command in commands.items():
            yield {"name": name, "seconds": _median_seconds(command)}
        for name, home in (("torch", model), ("onnx", light)):
            command = [sys.executable, str(HERE / "model.py"), home]
            yield {"name": f"sample model, {name}", **_json_of(command, threads)}


def _median_seconds(command: list[str]) -> float:
    seconds = []
    for _ in range(6):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def measure_labels(threads: int) -> Iterator[Row]:
    """A training step of 32 documents of 256 tokens against the number of labels."""
    for labels in LABELS:
        documents = 128 if labels < 5_000 else 64 if labels < 50_000 else 32
        options: Row = {"shape": f"{labels}:256", "documents": documents}
        every = {"negatives": ALL_LABELS}
        yield {"name": labels, "how": "all", **worker("train", threads, **options, settings=every)}
        if labels > SAMPLED:
            some = {"negatives": SAMPLED}
            found = worker("train", threads, **options, settings=some)
            yield {"name": labels, "how": f"{SAMPLED:,} negatives", **found}


def measure_beam(threads: int) -> Iterator[Row]:
    """Predicting documents of 256 tokens against the number of labels, whole and by beam."""
    for labels in LABELS[1:]:
        for how in ("torch", "beam"):
            documents = 256 if labels < 50_000 else 64
            options: Row = {"shape": f"{labels}:256", "documents": documents, "how": how}
            yield {"name": labels, "how": how, **worker("predict", threads, **options)}


def measure_lengths(threads: int) -> Iterator[Row]:
    """Training documents per second against their length."""
    for length in LENGTHS:
        found = worker("train", threads, shape=f"156:{length}", documents=256)
        yield {"name": length, **found}


def measure_reading(threads: int) -> Iterator[Row]:
    """From files to arrays, without and with a cache."""
    for name in ("arxiv-cat", "csl-disciplines"):
        if (DATA / name).is_dir():
            yield {"name": name, **worker("reading", threads, shape=name)}


def measure_profile(threads: int) -> Iterator[Row]:
    """Where the time of a training epoch goes."""
    yield {"name": "arxiv-cat", **worker("profile", threads, shape="arxiv-cat", documents=768)}


PARTS: dict[str, Callable[[int], Iterator[Row]]] = {
    "ceilings": measure_ceilings,
    "training": measure_training,
    "prediction": measure_prediction,
    "latency": measure_latency,
    "start": measure_start,
    "labels": measure_labels,
    "beam": measure_beam,
    "lengths": measure_lengths,
    "reading": measure_reading,
    "profile": measure_profile,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python benchmarks/speed")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure, print tables and write JSON")
    run.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    run.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    run.add_argument("--output", type=Path, default=Path("runs/speed.json"))
    report = commands.add_parser("report", help="print the tables of a run again")
    report.add_argument("file", type=Path)
    for command in (run, report):
        command.add_argument("--markdown", type=Path)
        command.add_argument("--plot", type=Path, help="time and memory against labels")
    chosen = parser.parse_args(arguments)
    results = _run(chosen) if chosen.command == "run" else json.loads(chosen.file.read_text())
    from speed.report import draw, tables

    text = tables(results)
    print(text)
    if chosen.markdown is not None:
        with write_atomically(chosen.markdown) as file:
            file.write(text + "\n")
    if chosen.plot is not None:
        draw(results, chosen.plot)
    return 0


def _run(chosen: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {
        "machine": {
            "date": date.today().isoformat(),
            "cores": os.cpu_count(),
            "processor": platform.processor(),
            "python": platform.python_version(),
        },
        "threads": chosen.threads,
    }
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    for part in chosen.only:
        results[part] = []
        for row in PARTS[part](chosen.threads):
            results[part].append(row)
            shown = {k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}
            print(part, json.dumps(shown), file=sys.stderr, flush=True)
            with write_atomically(chosen.output) as file:
                json.dump(results, file, indent=1)
    return results

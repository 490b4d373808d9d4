"""One run: train in a process of its own, score in another, evaluate, write JSON."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from accuracy.evaluation import evaluate_scores
from accuracy.ours import OURS, evaluation_command, training_command
from accuracy.peers import make_peer
from accuracy.reading import SPLITS, Dataset
from accuracy.worker import UNSUITABLE
from harnn._files import write_atomically

_LAST_LINES = 12


@dataclass(frozen=True)
class Plan:
    """Which run to make, and how."""

    dataset: str
    method: str
    seed: int
    threads: int
    settings: tuple[str, ...]

    @property
    def label(self) -> str:
        """The method with the settings that were changed: what tells rows apart."""
        return " ".join((self.method, *self.settings))

    @property
    def stem(self) -> str:
        safe = re.sub(r"[^\w.=+-]+", "_", self.label)
        return f"{self.dataset}--{safe}--seed{self.seed}"


def carry_out(plan: Plan, data: Path, output: Path, *, keep_scores: bool = False) -> dict[str, Any]:
    """Make one run and write ``output/<stem>.json``; return what was written."""
    dataset = Dataset.open(plan.dataset, data)
    with tempfile.TemporaryDirectory(prefix="accuracy-") as temporary:
        work = Path(temporary)
        log = output / f"{plan.stem}.log"
        log.unlink(missing_ok=True)
        row = describe(plan) | _measured(plan, dataset, work, log)
        if keep_scores and (work / "scores.npz").exists():
            shutil.copyfile(work / "scores.npz", output / f"{plan.stem}.npz")
    with write_atomically(output / f"{plan.stem}.json") as file:
        json.dump(row, file, indent=1)
    return row


def describe(plan: Plan) -> dict[str, Any]:
    """Return what a run is, and where and when it is made, for JSON."""
    return {
        "dataset": plan.dataset,
        "method": plan.method,
        "label": plan.label,
        "seed": plan.seed,
        "ours": plan.method in OURS,
        "threads": plan.threads,
        "settings": list(plan.settings),
        "date": date.today().isoformat(),
        "machine": {
            "cores": os.cpu_count(),
            "processor": platform.processor() or platform.machine(),
            "python": platform.python_version(),
        },
    }


def _measured(plan: Plan, dataset: Dataset, work: Path, log: Path) -> dict[str, Any]:
    model = work / "model"
    ours = plan.method in OURS
    if ours:
        training = training_command(
            dataset, plan.method, model, seed=plan.seed, settings=plan.settings
        )
    else:
        model.mkdir()
        training = [
            *worker_command("fit", dataset, plan.method, model, plan.threads),
            *("--seed", str(plan.seed)),
        ]
    cost = call(training, log, plan.threads, allowed=() if ours else (UNSUITABLE,))
    reason = work / "unsuitable.txt"
    if reason.exists():
        return {"skipped": reason.read_text(encoding="utf-8")}
    size = sum(path.stat().st_size for path in model.rglob("*") if path.is_file()) / 2**20
    scoring = worker_command("score", dataset, plan.method, model, plan.threads)
    predicting = call([*scoring, "--output", str(work / "scores")], log, plan.threads)
    own = _evaluated(dataset, model, work, log, plan.threads) if ours else None
    return {
        "training": cost,
        "prediction": predicting | json.loads((work / "scores.json").read_text()),
        "model_mb": size,
        **evaluate_file(dataset, plan.method, work / "scores.npz"),
        "own": own,
    }


def evaluate_file(dataset: Dataset, method: str, scores: Path) -> dict[str, Any]:
    """Return the numbers of the scores that *method* left in a file."""
    splits = {name: dataset.read(name) for name in SPLITS}
    with np.load(scores) as file:
        raw = {name: file[name] for name in ("valid", "test")}
    peer = None if method in OURS else make_peer(method)
    probabilities = peer is None or peer.probabilities
    found = evaluate_scores(
        raw,
        splits,
        dataset.taxonomy,
        probabilities=probabilities,
        natural=peer.natural if peer else None,
    )
    return {
        "documents": len(splits["train"].documents),
        "probabilities": probabilities,
        **found,
    }


def evaluate_again(path: Path, data: Path) -> dict[str, Any]:
    """Redo the evaluation of a run from the scores kept beside it; return the new row."""
    row: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    dataset = Dataset.open(row["dataset"], data)
    row |= evaluate_file(dataset, row["method"], path.with_suffix(".npz"))
    with write_atomically(path) as file:
        json.dump(row, file, indent=1)
    return row


def _evaluated(
    dataset: Dataset, model: Path, work: Path, log: Path, threads: int
) -> dict[str, Any]:
    report = work / "report.json"
    call(evaluation_command(dataset, model, report), log, threads)
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


def worker_command(
    action: str, dataset: Dataset, method: str, model: Path, threads: int
) -> list[str]:
    """Return the command that does one part of a run: ``fit`` or ``score``."""
    program = str(Path(__file__).resolve().parent)
    return [
        *(sys.executable, program, action, "--dataset", dataset.name),
        *("--data", str(dataset.home.parent), "--method", method),
        *("--model", str(model), "--threads", str(threads)),
    ]


def call(
    command: Sequence[str], log: Path, threads: int, *, allowed: Sequence[int] = ()
) -> dict[str, float]:
    """Run *command*, its output appended to *log*; return what it took.

    Seconds; CPU seconds, user and system of all its threads and processes; peak memory in MB.

    Raises:
        SystemExit: it failed; shows the end of its output.
    """
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads))
    measure = Path(__file__).with_name("measure.py")
    with tempfile.TemporaryDirectory() as folder, log.open("a", encoding="utf-8") as file:
        cost = Path(folder) / "cost.json"
        file.write(f"$ {' '.join(command)}\n")
        file.flush()
        launched = subprocess.run(
            [sys.executable, "-I", str(measure), str(cost), *command],
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment,
            check=False,
        )
        if launched.returncode in (0, *allowed):
            found: dict[str, float] = json.loads(cost.read_text(encoding="utf-8"))
            return found
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    end = "\n".join(lines[-_LAST_LINES:])
    raise SystemExit(f"Failed with {launched.returncode}; the end of {log}:\n{end}")

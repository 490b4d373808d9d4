"""One run: a training command and an answering one, measured whole, and what they are worth."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from accuracy.ours import OURS, training_command
from accuracy.reading import Dataset
from accuracy.running import Plan, call, describe, evaluate_file, worker_command
from accuracy.worker import UNSUITABLE

from harnn._files import write_atomically


def carry_out(plan: Plan, data: Path, output: Path, *, documents: int) -> dict[str, Any]:
    """Make one run and write ``output/<stem>.json``; return what was written.

    documents: to answer: those of test, again from the first where they are fewer; 0: once each.
    """
    dataset = Dataset.open(plan.dataset, data)
    log = output / f"{plan.stem}.log"
    log.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="commands-") as temporary:
        row = describe(plan) | _measured(plan, dataset, Path(temporary), log, documents)
    with write_atomically(output / f"{plan.stem}.json") as file:
        json.dump(row, file, indent=1)
    return row


def _measured(
    plan: Plan, dataset: Dataset, work: Path, log: Path, documents: int
) -> dict[str, Any]:
    model, texts, answers = work / "model", work / "texts.jsonl.gz", work / "answers.jsonl"
    ours = plan.method in OURS
    count = write_texts(dataset.path("test"), texts, documents)
    if ours:
        training = training_command(
            dataset, plan.method, model, seed=plan.seed, settings=plan.settings
        )
        predicting = [
            *(sys.executable, "-m", "harnn", "predict", str(model)),
            *("--data", str(texts), "--output", str(answers)),
        ]
    else:
        model.mkdir()
        training = [*_program("fit", plan, dataset, model), "--seed", str(plan.seed)]
        predicting = [
            *_program("predict", plan, dataset, model),
            *("--documents", str(texts), "--output", str(answers)),
        ]
    cost = call(training, log, plan.threads, allowed=() if ours else (UNSUITABLE,))
    reason = work / "unsuitable.txt"
    if reason.exists():
        return {"skipped": reason.read_text(encoding="utf-8")}
    prediction = call(predicting, log, plan.threads) | {"documents": count}
    check_answers(answers, count)
    scoring = worker_command("score", dataset, plan.method, model, plan.threads)
    call([*scoring, "--output", str(work / "scores")], log, plan.threads)
    return {
        "training": cost,
        "prediction": prediction,
        "model_mb": sum(p.stat().st_size for p in model.rglob("*") if p.is_file()) / 2**20,
        **evaluate_file(dataset, plan.method, work / "scores.npz"),
    }


def write_texts(source: Path, target: Path, documents: int) -> int:
    """Write documents of *source* into *target*, with ids of their own; return how many."""
    if not documents:
        shutil.copyfile(source, target)
        with gzip.open(target, "rt", encoding="utf-8") as file:
            return sum(1 for line in file if line.strip())
    with gzip.open(target, "wt", encoding="utf-8", compresslevel=1) as file:
        for number, line in enumerate(islice(cycle(_lines(source)), documents)):
            file.write(json.dumps({**json.loads(line), "id": str(number)}) + "\n")
    return documents


def _lines(source: Path) -> Iterator[str]:
    with gzip.open(source, "rt", encoding="utf-8") as file:
        yield from (line for line in file if line.strip())


def check_answers(answers: Path, count: int) -> None:
    """Check that there is one answer a document.

    Raises:
        SystemExit: there are more or fewer.
    """
    with answers.open(encoding="utf-8") as file:
        found = sum(1 for _ in file)
    if found != count:
        raise SystemExit(f"Expected {count:,} answers, got {found:,}.")


def _program(action: str, plan: Plan, dataset: Dataset, model: Path) -> list[str]:
    program = str(Path(__file__).resolve().parent)
    return [
        *(sys.executable, program, action, "--dataset", dataset.name),
        *("--data", str(dataset.home.parent), "--method", plan.method),
        *("--model", str(model), "--threads", str(plan.threads)),
    ]

"""Train, evaluate and predict on the real datasets, each with the program and its defaults.

    python benchmarks/datasets.py [--only NAME ...] [--mode MODE ...] [--set KEY=VALUE ...]
        [--output FILE]

Prints a Markdown table and writes JSON: scores on test per level, wall time and peak memory of
training, documents/s of training (median epoch) and of prediction (whole command, model loading
included). Datasets are read from HARNN_DATA (default ../shared/data).
"""

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
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from harnn.data import write_atomically

DATA = Path(os.environ.get("HARNN_DATA", "../shared/data"))
NAMES = (
    "arxiv-cat",
    "arxiv-dag",
    "onet-tasks",
    "csl-disciplines",
    "mitre-attack",
    "valueeval23",
    "patent-sample",
)


@dataclass(frozen=True)
class Run:
    """One finished command."""

    seconds: float
    peak_mb: float


def run(*arguments: object, log: Path) -> Run:
    """Run ``harnn`` with *arguments*, its output appended to *log*."""
    command = [sys.executable, "-m", "harnn", *map(str, arguments)]
    started = time.perf_counter()
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ harnn {' '.join(command[3:])}\n")
        file.flush()
        child = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"failed with {child.returncode}: {' '.join(command)}; see {log}")
    return Run(time.perf_counter() - started, usage.ru_maxrss / 1024)


def files_of(name: str, work: Path, log: Path) -> tuple[list[object], dict[str, Path]]:
    """Return the taxonomy options and the files of each split."""
    home = DATA / name
    if name != "patent-sample":
        splits = {split: home / f"{split}.jsonl.gz" for split in ("train", "valid", "test")}
        return ["--taxonomy", home / "taxonomy.tsv"], splits
    splits = {
        "train": home / "Train_sample.json",
        "valid": home / "Validation_sample.json",
        "test": home / "Test_sample.json",
    }
    learned = work / "patent-taxonomy.json"
    data = [part for path in splits.values() for part in ("--data", path)]
    run("taxonomy", *data, "--size", "subgroup=8364", "--output", learned, log=log)
    return ["--taxonomy", learned], splits


def measure(name: str, mode: str, work: Path, settings: list[str]) -> dict[str, object]:
    """Train, evaluate and predict; return the row."""
    log = work / f"{name}-{mode}.log"
    model = work / f"{name}-{mode}"
    taxonomy, splits = files_of(name, work, log)
    training = run(
        "train",
        *taxonomy,
        "--train",
        splits["train"],
        "--valid",
        splits["valid"],
        "--out",
        model,
        "--mode",
        mode,
        "--overwrite",
        *(part for setting in settings for part in ("--set", setting)),
        log=log,
    )
    report_path = work / f"{name}-{mode}-test.json"
    run("evaluate", model, "--data", splits["test"], "--json", report_path, log=log)
    answers = work / f"{name}-{mode}-answers.jsonl"
    predicting = run("predict", model, "--data", splits["test"], "--output", answers, log=log)
    report = json.loads(report_path.read_text(encoding="utf-8"))
    with answers.open(encoding="utf-8") as file:
        if sum(1 for _ in file) != report["documents"]:
            raise SystemExit(f"{name}: not every document was answered.")
    history = [
        json.loads(line)
        for line in (model / "history.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    return {
        "name": name,
        "mode": mode,
        "train_seconds": training.seconds,
        "train_peak_mb": training.peak_mb,
        "train_documents_per_second": statistics.median(
            row["documents_per_second"] for row in history
        ),
        "epochs": len(history),
        "predict_seconds": predicting.seconds,
        "predict_peak_mb": predicting.peak_mb,
        "predict_documents_per_second": report["documents"] / predicting.seconds,
        "model_mb": sum(path.stat().st_size for path in model.iterdir()) / 2**20,
        "report": report,
    }


def table(rows: list[dict[str, object]]) -> str:
    """Return the rows as Markdown."""
    lines = [
        "| set | mode | micro-F1 | macro-F1 | AUPRC | hF1 | micro-F1 per level | training | epochs "
        "| documents/s | peak | prediction documents/s | model |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        report = row["report"]
        levels = " / ".join(f"{100 * level['micro_f1']:.1f}" for level in report["levels"])
        scores = [report[key] for key in ("micro_f1", "macro_f1", "auprc", "hierarchical_f1")]
        cells = [
            row["name"],
            row["mode"],
            *(f"{100 * score:.1f}" for score in scores),
            levels,
            f"{row['train_seconds']:.0f} s",
            row["epochs"],
            f"{row['train_documents_per_second']:,.0f}",
            f"{row['train_peak_mb']:,.0f} MB",
            f"{row['predict_documents_per_second']:,.0f}",
            f"{row['model_mb']:.0f} MB",
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--mode", nargs="+", choices=["harnn", "paper"], default=["harnn"])
    parser.add_argument("--set", action="append", default=[], help="a setting for training")
    parser.add_argument("--output", type=Path, default=Path("runs/datasets.json"))
    parser.add_argument("--work", type=Path, help="where models and logs go; default: temporary")
    chosen = parser.parse_args()
    if not DATA.is_dir():
        raise SystemExit(f"{DATA} does not exist; set HARNN_DATA to the folder of the datasets.")
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        work = chosen.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        rows: list[dict[str, object]] = []
        for name in chosen.only:
            for mode in chosen.mode:
                rows.append(measure(name, mode, work, chosen.set))
                print(table(rows[-1:]).splitlines()[-1], flush=True)
                machine = {
                    "date": date.today().isoformat(),
                    "cores": os.cpu_count(),
                    "processor": platform.processor(),
                    "python": platform.python_version(),
                }
                with write_atomically(chosen.output) as file:
                    json.dump({"machine": machine, "rows": rows}, file, indent=1)
    print(table(rows))


if __name__ == "__main__":
    main()

"""Train the network of the paper, and ours part by part, on data that anybody can have.

    python benchmarks/reproducing.py WORK [--data valueeval23] [--only paper network] [--set ...]
        [--json FILE]

WORK keeps one model for each row; those that are there are not trained again. Each row is one call
of ``harnn train`` in a process of its own with the settings of ``ROWS``. Prints a Markdown table:
test micro-F1, macro-F1 and AUPRC in percent with the model's own way to choose labels, micro-F1
with the paper's (threshold 0.5, nothing closed), and CPU seconds of training. HARNN_DATA: folder
of the data sets.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from harnn import Predictor
from harnn._files import write_atomically

_ALONE = ("model.branches=network", "model.leave_out=off")
_TOGETHER = ("model.text_vectors=off", "model.leave_out=off")
ROWS: dict[str, tuple[str, ...]] = {
    "paper": ("model.mode=paper",),
    "paper, local scores alone": ("model.mode=paper", "model.alpha=0"),
    "paper, global scores alone": ("model.mode=paper", "model.alpha=1"),
    "network": _ALONE,
    "linear": ("model.preset=fast", *_TOGETHER),
    "network and linear": _TOGETHER,
    "default": (),
}
"""Settings by what a row is called."""


def train(name: str, home: Path, place: Path, more: list[str]) -> float:
    """Train one row unless it is there; return the CPU seconds it took."""
    times = place.with_suffix(".seconds")
    if not place.exists():
        given = [word for each in (*ROWS[name], *more) for word in ("--set", each)]
        files = {part: str(home / f"{part}.jsonl.gz") for part in ("train", "valid")}
        command = [sys.executable, "-m", "harnn", "train", "--taxonomy", str(home / "taxonomy.tsv")]
        command += ["--train", files["train"], "--valid", files["valid"], "--out", str(place)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*command, *given], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = sum(getattr(after, x) - getattr(before, x) for x in ("ru_utime", "ru_stime"))
        times.write_text(f"{seconds:.0f}")
    return float(times.read_text())


def measure(place: Path, test: Path) -> dict[str, float]:
    """Return the figures of a model on test documents."""
    predictor = Predictor.load(place)
    own = predictor.evaluate(test)
    as_in_paper = predictor.evaluate(test, threshold=0.5, close="none")
    return {
        "micro_f1": own.micro_f1,
        "macro_f1": own.macro_f1,
        "auprc": own.auprc,
        "micro_f1_at_half": as_in_paper.micro_f1,
    }


def table(found: dict[str, dict[str, Any]]) -> str:
    """Return a Markdown table."""
    lines = [
        "| row | micro-F1 | macro-F1 | AUPRC | micro-F1 at 0.5 | CPU |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in found.items():
        cells = [
            f"{100 * row[x]:.1f}" for x in ("micro_f1", "macro_f1", "auprc", "micro_f1_at_half")
        ]
        lines.append(f"| {name} | {' | '.join(cells)} | {row['seconds']:.0f} s |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--data", default="valueeval23")
    parser.add_argument("--only", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--set", dest="settings", nargs="*", default=[])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    home = Path(os.environ.get("HARNN_DATA", "../shared/data")) / options.data
    if not (home / "taxonomy.tsv").is_file():
        raise SystemExit(
            f"{home} has no taxonomy.tsv; set HARNN_DATA to the folder of the data sets."
        )
    options.work.mkdir(parents=True, exist_ok=True)
    found: dict[str, dict[str, Any]] = {}
    for name in options.only:
        place = options.work / f"{options.data}-{name.replace(', ', '-').replace(' ', '-')}"
        seconds = train(name, home, place, options.settings)
        found[name] = {**measure(place, home / "test.jsonl.gz"), "seconds": seconds}
        print(table(found), flush=True)
    if options.json is not None:
        with write_atomically(options.json) as file:
            json.dump(found, file, indent=1)


if __name__ == "__main__":
    main()

"""Time loading and closing a large taxonomy.

    python benchmarks/taxonomy.py [--labels 100000] [--output FILE]

Prints a Markdown table and writes JSON: seconds, medians of five, on a synthetic DAG of five
levels in which every tenth label has a second parent.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harnn._files import write_atomically
from harnn.taxonomy import Taxonomy

REPEATS = 5


def write_synthetic(path: Path, labels: int) -> None:
    generator = random.Random(0)
    bounds = [0, *(max(2, labels // 10**power) for power in (4, 3, 2, 1)), labels]
    lines = []
    for level in range(5):
        for number in range(bounds[level], bounds[level + 1]):
            if level == 0:
                lines.append(f"L{number}\tROOT")
                continue
            above = range(bounds[level - 1], bounds[level])
            parents = generator.sample(above, min(len(above), 2 if number % 10 == 0 else 1))
            lines += [f"L{number}\tL{parent}" for parent in parents]
    generator.shuffle(lines)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def median_seconds(action: Callable[[], object]) -> float:
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, default=100_000)
    parser.add_argument("--output", type=Path, default=Path("runs/taxonomy.json"))
    chosen = parser.parse_args()
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "taxonomy.tsv"
        write_synthetic(path, chosen.labels)
        text = Taxonomy.from_file(path).to_json()
        rows = {
            "load from TSV": median_seconds(lambda: Taxonomy.from_file(path)),
            "load and close": median_seconds(lambda: Taxonomy.from_file(path).hierarchy.closure),
            "load from JSON": median_seconds(lambda: Taxonomy.from_json(text)),
        }
    print(f"| {chosen.labels:,} labels | seconds |\n|---|---|")
    for name, seconds in rows.items():
        print(f"| {name} | {seconds:.2f} |")
    with write_atomically(chosen.output) as file:
        json.dump({"labels": chosen.labels, "seconds": rows}, file, indent=1)


if __name__ == "__main__":
    main()

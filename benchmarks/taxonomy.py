"""Time loading and closing a large taxonomy.

    python benchmarks/taxonomy.py [--labels 100000] [--output FILE]

Prints a Markdown table and writes JSON: CPU seconds, medians of five, on a synthetic DAG of five
levels in which every tenth label has a second parent; labels of 32 documents are chosen from scores
of all labels, by a threshold. Last the peak memory of the process.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from harnn._files import write_atomically
from harnn.decode import Decoder
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
        started = time.process_time()
        action()
        seconds.append(time.process_time() - started)
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
        taxonomy = Taxonomy.from_file(path)
        text, hierarchy = taxonomy.to_json(), taxonomy.hierarchy
        scores = np.random.default_rng(0).random((32, chosen.labels), dtype=np.float32)
        decoder = Decoder(0.9999)
        rows = {
            "load from TSV": median_seconds(lambda: Taxonomy.from_file(path)),
            "load and close": median_seconds(lambda: Taxonomy.from_file(path).hierarchy.closure),
            "load from JSON": median_seconds(lambda: Taxonomy.from_json(text)),
            "choose labels of 32 documents": median_seconds(
                lambda: decoder.choose(scores, hierarchy)
            ),
        }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {chosen.labels:,} labels | CPU seconds |\n|---|---|")
    for name, seconds in rows.items():
        print(f"| {name} | {seconds:.2f} |")
    print(f"| peak memory, MB | {peak:,.0f} |")
    with write_atomically(chosen.output) as file:
        found = {"labels": chosen.labels, "seconds": rows, "peak_mb": round(peak)}
        json.dump(found, file, indent=1)


if __name__ == "__main__":
    main()

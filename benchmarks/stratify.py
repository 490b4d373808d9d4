"""Time and measure our stratification beside the package iterative-stratification.

    python benchmarks/stratify.py [--documents 50000] [--labels 2000] [--output FILE] [--alone]

Prints a Markdown table and writes JSON: seconds, LD and ED (Sechidis et al. 2011) and the peak of
the process's memory, for parts of 80, 10 and 10%. Label sets are made up: a tree of three levels,
closed upward, whose leaves are as frequent as the words of a text (Zipf), four of them a document.
The package is dense and takes minutes; ``--alone`` leaves it out.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._files import write_atomically
from harnn.data.stratify import example_deviation, label_deviation, stratify
from harnn.taxonomy import Hierarchy

SHARES = [0.8, 0.1, 0.1]
LEAVES_OF_A_DOCUMENT = 4


def made_up(documents: int, label_count: int) -> csr_array:
    """Return closed label sets (N, C)."""
    generator = np.random.default_rng(0)
    top, middle = max(2, label_count // 200), max(4, label_count // 20)
    leaves = label_count - top - middle
    parents = [(top + n, n % top) for n in range(middle)]
    parents += [(top + middle + n, top + n % middle) for n in range(leaves)]
    hierarchy = Hierarchy.from_edges(parents, np.repeat([1, 2, 3], [top, middle, leaves]))
    likely = 1 / (np.arange(leaves) + 10)
    chosen = generator.choice(
        leaves, size=(documents, LEAVES_OF_A_DOCUMENT), p=likely / likely.sum()
    )
    rows = np.repeat(np.arange(documents), LEAVES_OF_A_DOCUMENT)
    ones = np.ones(rows.size, dtype=np.int64)
    sets = csr_array((ones, (rows, top + middle + chosen.ravel())), (documents, label_count))
    return hierarchy.close_sets(sets)


def by_the_package(targets: csr_array) -> NDArray[np.int64]:
    from iterstrat.ml_stratifiers import IterativeStratification

    dense = np.asarray(targets.toarray())
    found: NDArray[np.int64] = IterativeStratification(
        dense, np.array(SHARES), np.random.RandomState(13)
    )
    return found


def by_chance(targets: csr_array) -> NDArray[np.int64]:
    return np.random.default_rng(0).choice(3, size=targets.shape[0], p=SHARES)


def measured(
    targets: csr_array, divide: Callable[[csr_array], NDArray[np.int64]]
) -> dict[str, float]:
    started = time.perf_counter()
    parts = divide(targets)
    seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "label_deviation": label_deviation(targets, parts, len(SHARES)),
        "example_deviation": example_deviation(parts, SHARES),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--labels", type=int, default=2_000)
    parser.add_argument("--alone", action="store_true", help="leave the package out")
    parser.add_argument("--output", type=Path, default=Path("runs/stratify.json"))
    chosen = parser.parse_args()
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    targets = made_up(chosen.documents, chosen.labels)
    ways: dict[str, Callable[[csr_array], NDArray[np.int64]]] = {
        "by chance": by_chance,
        "harnn": lambda sets: stratify(sets, SHARES),
    }
    if not chosen.alone:
        ways["iterative-stratification"] = by_the_package
    print(
        f"| {chosen.documents:,} documents, {chosen.labels:,} labels | seconds | LD | ED | peak |"
    )
    print("|---|---|---|---|---|")
    rows: dict[str, Any] = {}
    for name, divide in ways.items():
        row = rows[name] = measured(targets, divide)
        print(
            f"| {name} | {row['seconds']:.1f} | {row['label_deviation']:.2e} "
            f"| {row['example_deviation']:.0f} | {row['peak_mb']:,.0f} MB |",
            flush=True,
        )
    facts = {"documents": chosen.documents, "labels": chosen.labels, "shares": SHARES}
    with write_atomically(chosen.output) as file:
        json.dump(facts | {"machine": platform.processor(), "ways": rows}, file, indent=1)


if __name__ == "__main__":
    main()

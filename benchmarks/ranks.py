"""Several processes that train one network, beside one process with as many threads.

    python benchmarks/ranks.py [--documents 600] [--epochs 2] [--processes 2] [--rounds 2]
        [--output runs/ranks.json]

Made-up documents, the network alone, float32. Each round trains with one process and as many
threads (--threads) as there are processes, and with several processes of one thread each, one after
the other, so that what else the machine does meets both. Printed are documents a second of the
training steps, CPU seconds of all processes for the whole training, and how far losses and weights
are apart.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
from keeping import keep_rows

import harnn
from harnn.branches.network import NetworkBranch
from harnn.network import tune_process
from harnn.training import Event, FitResult, Ranks, Step

WORDS, LEVELS = 4_000, (8, 40, 200)
LENGTHS = (40, 200)
Row = dict[str, Any]


def made_up(documents: int) -> tuple[harnn.Taxonomy, list[harnn.Document]]:
    """Return a tree of three levels and documents, each with words of its leaf and others."""
    random = np.random.default_rng(1)
    edges, before = [], ["ROOT"]
    for level, size in enumerate(LEVELS):
        names = [f"{'abc'[level]}{number}" for number in range(size)]
        edges += [(name, before[number % len(before)]) for number, name in enumerate(names)]
        before = names
    made = []
    for number in range(documents):
        leaf = int(random.integers(len(before)))
        length = int(random.integers(*LENGTHS))
        own = (leaf * 7 + random.integers(12, size=length // 4)) % WORDS
        words = [f"w{x}" for x in [*own, *random.integers(WORDS, size=length)]]
        made.append(harnn.Document(f"d{number}", {"text": " ".join(words)}, (before[leaf],), ""))
    return harnn.Taxonomy.from_edges(edges), made


def train(given: Any, processes: int, threads: int, epochs: int) -> tuple[Row, FitResult]:
    """Train once, and return what it took."""
    taxonomy, train, valid = given
    tune_process(threads)
    config = harnn.Config.from_dict(
        {
            "text": {"vectors": "random"},
            "model": {"branches": "network", "text_vectors": "off"},
            "training": {"precision": "32", "epochs": epochs, "patience": epochs},
        }
    )
    losses: list[float] = []

    def listen(event: Event) -> None:
        if isinstance(event, Step):
            losses.append(event.loss)

    before, started = cpu_seconds(), time.perf_counter()
    with Ranks.local(processes) as ranks:
        result = harnn.fit(taxonomy, train, valid, config, listener=listen, ranks=ranks)
    rows = result.history.rows
    row = {
        "processes": processes,
        "threads": threads,
        "documents_per_second": len(train) * len(rows) / sum(x.seconds for x in rows),
        "cpu_seconds": cpu_seconds() - before,
        "seconds": time.perf_counter() - started,
        "losses": losses,
    }
    return row, result


def cpu_seconds() -> float:
    """Return those of this process and of all that it has waited for."""
    each = [resource.getrusage(x) for x in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(x.ru_utime + x.ru_stime for x in each)


def apart(one: FitResult, other: FitResult) -> float:
    """Return the largest difference between weights."""
    states = []
    for result in (one, other):
        (branch,) = (x for x in result.ensemble.branches if isinstance(x, NetworkBranch))
        states.append(branch.networks[0].state_dict())
    return max(float((states[0][x] - states[1][x]).abs().max()) for x in states[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, usual in (("documents", 600), ("epochs", 2), ("processes", 2), ("rounds", 2)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    taxonomy, documents = made_up(given.documents + given.documents // 10)
    data = (taxonomy, documents[: given.documents], documents[given.documents :])
    rows: list[Row] = []
    for number in range(given.rounds):
        one, first = train(data, 1, given.threads or given.processes, given.epochs)
        several, second = train(data, given.processes, 1, given.epochs)
        losses = np.abs(np.subtract(one["losses"], several["losses"]))
        row = {
            "round": number + 1,
            "one": one,
            "several": several,
            "speed_ratio": several["documents_per_second"] / one["documents_per_second"],
            "largest_loss_difference": float(losses.max()),
            "largest_weight_difference": apart(first, second),
        }
        rows.append(row)
        print(
            f"round {number + 1}: one process {one['documents_per_second']:.0f} documents/s, "
            f"{one['cpu_seconds']:.0f} CPU s; {given.processes} processes "
            f"{several['documents_per_second']:.0f} documents/s, {several['cpu_seconds']:.0f} CPU "
            f"s; ratio {row['speed_ratio']:.2f}; apart: losses "
            f"{row['largest_loss_difference']:.1e}, weights "
            f"{row['largest_weight_difference']:.1e}",
            flush=True,
        )
    if given.output is not None:
        keep_rows(given.output, rows)


if __name__ == "__main__":
    main()

"""Processes of which each holds some labels, beside others that hold all, and one process.

    python benchmarks/shared_labels.py [--labels 100000] [--documents 128] [--processes 2]
        [--output runs/shared-labels.json]

A made-up tree of five levels and made-up texts; the network alone, of the usual size, in float32;
one epoch with the validation and the checkpoint at its end. Each way of training runs in processes
of its own. Printed are what weights, gradients, moments, average and best weights take in rank 0;
the peaks of the anonymous memory of each process before, in and after the steps, to the validation
(GB); seconds and CPU seconds of a step, and how far losses and validation are from one process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from keeping import keep_rows

import harnn
from harnn.bundle import EpochRow
from harnn.network import tune_process
from harnn.training import Event, Ranks, Step
from harnn.training.loop import Trainer

WORDS, LENGTHS = 20_000, (30, 60)
TOP = (10, 100, 1_000, 10_000)
"""Labels of all levels but the last, at most a tenth of all."""
WAYS = {
    "one": "one process",
    "documents": "several, each with all labels",
    "labels": "several, each with some labels",
}
Row = dict[str, Any]


def made_up(labels: int, documents: int) -> tuple[harnn.Taxonomy, list[harnn.Document]]:
    """Return a tree, and documents with words of their leaf and others."""
    random = np.random.default_rng(1)
    sizes = [size for size in TOP if size * 10 <= labels]
    edges, before = [], ["ROOT"]
    for level, size in enumerate([*sizes, labels - sum(sizes)]):
        names = [f"{'abcde'[level]}{number}" for number in range(size)]
        edges += [(name, before[number % len(before)]) for number, name in enumerate(names)]
        before = names
    made = []
    for number in range(documents):
        leaf, length = int(random.integers(len(before))), int(random.integers(*LENGTHS))
        own = [(leaf * 7 + x) % WORDS for x in range(8)]
        words = own + random.integers(WORDS, size=length).tolist()
        text = " ".join(f"w{x}" for x in words)
        made.append(harnn.Document(f"d{number}", {"text": text}, (before[leaf],), ""))
    return harnn.Taxonomy.from_edges(edges), made


class Watch:
    """Looks at the memory of this process and of those that it has started."""

    def __init__(self) -> None:
        self._peaks: dict[int, float] = {}
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while True:
            for number, pid in enumerate([os.getpid(), *children()]):
                self._peaks[number] = max(self._peaks.get(number, 0.0), own_memory(pid))
            time.sleep(0.1)

    def begin(self) -> list[float]:
        """Return the peaks of this process and of the others until now, and forget them."""
        peaks, self._peaks = self._peaks, {}
        return [round(peaks[number], 2) for number in sorted(peaks)]


def children() -> list[int]:
    """Return the processes that this one has started."""
    return [int(x) for x in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def own_memory(pid: int) -> float:
    """Return the anonymous memory of a process in GB; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(x.split()[1]) for x in lines if x.startswith("Pss_Anon:")) / 1e6


def cpu_seconds(pids: list[int]) -> float:
    """Return those of some processes that are there."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return float(ticks / os.sysconf("SC_CLK_TCK"))


def tensors_of(trainer: Trainer[Any]) -> float:
    """Return what the rank that leads holds for the parameters, in GB."""
    held = [*trainer.network.parameters(), *trainer.average.tensors, *trainer.best.values()]
    held += [x.grad for x in trainer.network.parameters() if x.grad is not None]
    held += [x for state in trainer.optimizer.state.values() for x in state.values()]
    return float(sum(x.numel() * x.element_size() for x in held) / 1e9)


def train(labels: int, documents: int, processes: int, threads: int, share: str) -> Row:
    """Train once, and return what it took."""
    tune_process(threads)
    taxonomy, made = made_up(labels, documents + documents // 8)
    model = {"branches": "network", "text_vectors": "off", "labels_without_examples": "off"}
    training = {"precision": "32", "epochs": 1, "batch_size": 16, "threads": threads}
    config = harnn.Config.from_dict(
        {
            "text": {"vectors": "random", "min_count": 1},
            "model": model,
            "training": training | {"share_labels": share},
        }
    )
    losses: list[float] = []
    times: list[tuple[float, float]] = []
    found: Row = {"processes": processes, "threads": threads, "share_labels": share}
    watch, written = Watch(), Trainer._write_checkpoint

    def write(trainer: Trainer[Any]) -> None:
        found["tensors_gb"] = tensors_of(trainer)
        written(trainer)

    def listen(event: Event) -> None:
        now = time.perf_counter(), cpu_seconds([os.getpid(), *children()])
        if isinstance(event, Step):
            losses.append(event.loss)
            times.append(now)
            if event.step == 1:
                found["peaks_before_gb"] = watch.begin()
        elif isinstance(event, EpochRow):
            found["auprc"], found["validation_seconds"] = event.auprc, now[0] - times[-1][0]
            found["peaks_of_steps_gb"] = watch.begin()

    Trainer._write_checkpoint = write  # type: ignore[method-assign, assignment]
    with tempfile.TemporaryDirectory() as place, Ranks.local(processes) as ranks:
        given: dict[str, Any] = {"listener": listen, "ranks": ranks}
        data = (made[:documents], made[documents:])
        harnn.fit(taxonomy, *data, config, checkpoint_directory=place, **given)
        found["peaks_after_gb"] = watch.begin()
    steps = len(times) - 1
    return found | {
        "losses": losses,
        "step_seconds": (times[-1][0] - times[0][0]) / steps,
        "step_cpu_seconds": (times[-1][1] - times[0][1]) / steps,
    }


def main() -> None:
    """Train in each of the ways, each in a process of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name, usual in (("labels", 100_000), ("documents", 128), ("processes", 2)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--way", choices=WAYS, help="only one of them, as a line of JSON")
    given = parser.parse_args()
    if given.way is not None:
        count = 1 if given.way == "one" else given.processes
        threads = given.processes // count
        share = "on" if given.way == "labels" else "off"
        print(json.dumps(train(given.labels, given.documents, count, threads, share)))
        return
    rows: dict[str, Row] = {}
    asked = [f"--{name}={getattr(given, name)}" for name in ("labels", "documents", "processes")]
    for way, what in WAYS.items():
        command = [sys.executable, __file__, *asked, "--way", way]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows[way] = row = json.loads(done.stdout.splitlines()[-1])
        apart = np.abs(np.subtract(row["losses"], rows["one"]["losses"])).max()
        row["largest_loss_difference"] = float(apart)
        print(
            f"{what}: tensors {row['tensors_gb']:.2f} GB; peaks before, in and after the steps "
            + ", ".join(str(row[f"peaks_{x}_gb"]) for x in ("before", "of_steps", "after"))
            + f" GB; {row['step_seconds']:.2f} s and {row['step_cpu_seconds']:.2f} CPU s a step; "
            f"validation {row['validation_seconds']:.1f} s, AUPRC {row['auprc']:.6f}; losses "
            f"{row['losses'][0]:.4f} to {row['losses'][-1]:.4f}, apart {apart:.1e}",
            flush=True,
        )
    if given.output is not None:
        keep_rows(given.output, rows)


if __name__ == "__main__":
    main()

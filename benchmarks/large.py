"""Measure training on more and more documents: seconds, memory by step, and the disk they take.

    python benchmarks/large.py --documents 30000 100000 --output runs/large.json
    python benchmarks/large.py --plot runs/large.json --before runs/before.json --picture large.png

Documents are made up of parts of real ones with the same label, so that words, pairs of words and
pieces of words grow as they do in real text, and stand in a temporary directory. Every training is
a process of its own (``harnn train``), whose memory is read from /proc ten times a second; Linux
alone has that. Memory that files are mapped into is counted apart: the system takes it back when
others want it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from accuracy.reading import DATA

SOURCE = "arxiv-cat"
_PARTS = 2
_PART_WORDS = (3, 10)
_NEW_WORDS = 0.2
"""Of the documents have a word of parts of two others, so that new words never end."""
_SAMPLED_EVERY = 0.1
_DISK_EVERY = 20
"""Samples: to ask for files takes longer."""
_KINDS = {"RssAnon": "own", "RssFile": "mapped", "RssShmem": "shared"}


def make_documents(source: Path, count: int, *, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Yield made-up documents of some 13 words with the labels of real ones."""
    by_labels: dict[tuple[str, ...], list[list[str]]] = defaultdict(list)
    with gzip.open(source / "train.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            text = " ".join(row["text"].values()) if isinstance(row["text"], dict) else row["text"]
            by_labels[tuple(row["specific"])].append(text.split())
    sets = list(by_labels)
    sizes = np.array([len(by_labels[each]) for each in sets], dtype=float)
    generator = np.random.default_rng(seed)
    for start in range(0, count, 10_000):
        chosen = generator.choice(len(sets), size=min(10_000, count - start), p=sizes / sizes.sum())
        for number, which in enumerate(chosen.tolist(), start=start):
            labels = sets[which]
            words: list[str] = []
            for part in generator.random((_PARTS, 3)).tolist():
                text = by_labels[labels][int(part[0] * len(by_labels[labels]))]
                length = _PART_WORDS[0] + int(part[1] * (_PART_WORDS[1] - _PART_WORDS[0] + 1))
                first = int(part[2] * max(1, len(text) - length))
                words += text[first : first + length]
            if generator.random() < _NEW_WORDS:
                start_of, end_of = (words[int(x * len(words))] for x in generator.random(2))
                words.append(start_of[: len(start_of) // 2 + 1] + end_of[len(end_of) // 2 :])
            yield {"id": f"d{number}", "text": " ".join(words), "labels": list(labels)}


def write_documents(path: Path, rows: Iterator[dict[str, Any]]) -> int:
    """Write JSON lines; return their bytes."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return path.stat().st_size


def measure(command: list[str]) -> dict[str, Any]:
    """Run a command; return its seconds, its highest memory in MB, and both by step."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    steps: list[dict[str, Any]] = [{"step": "start", "at": 0.0}]
    lines: list[str] = []

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line)
            steps.append({"step": line.strip()[:100], "at": time.perf_counter() - started})

    listener = threading.Thread(target=listen)
    listener.start()
    highest: dict[str, float] = defaultdict(float)
    status = Path(f"/proc/{process.pid}/status")
    samples = 0
    while process.poll() is None:
        try:
            found = _read_status(status)
        except (OSError, ValueError):
            continue
        samples += 1
        if samples % _DISK_EVERY == 1:
            found["disk"] = _held_on_disk(process.pid)
        for kind, size in found.items():
            highest[kind] = max(highest[kind], size)
            steps[-1][kind] = max(steps[-1].get(kind, 0.0), size)
        time.sleep(_SAMPLED_EVERY)
    listener.join()
    assert process.stderr is not None
    process.stderr.close()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{''.join(lines)}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "cpu_seconds": cpu, "memory_mb": dict(highest), "steps": steps}


def _read_status(path: Path) -> dict[str, float]:
    """Return the memory of a process in MB: its own, mapped, shared, and the sum."""
    found = {}
    for line in path.read_text().splitlines():
        name, _, value = line.partition(":")
        if name in _KINDS:
            found[_KINDS[name]] = int(value.split()[0]) / 1e3
    return found | {"all": sum(found.values())}


def _held_on_disk(pid: int) -> float:
    """Return the MB of files without a name that a process has open or mapped."""
    sizes = {}
    for place in ("fd", "map_files"):
        try:
            for link in Path(f"/proc/{pid}/{place}").iterdir():
                if "(deleted)" in str(link.readlink()):
                    about = link.stat()
                    sizes[about.st_dev, about.st_ino] = about.st_blocks * 512
        except OSError:
            continue
    return sum(sizes.values()) / 1e6


def run(args: argparse.Namespace) -> None:
    """Train on each number of documents, then let the model answer and be evaluated."""
    rows = []
    for count in args.documents:
        with tempfile.TemporaryDirectory(dir=args.place) as temporary:
            home = Path(temporary)
            size = write_documents(home / "train.jsonl", make_documents(args.data / SOURCE, count))
            harnn = [sys.executable, "-m", "harnn"]
            taxonomy = str(args.data / SOURCE / "taxonomy.tsv")
            train = [*harnn, "train", "--train", str(home / "train.jsonl"), "--taxonomy", taxonomy]
            train += ["--out", str(home / "model"), "--preset", "fast", "--valid", "0.1"]
            train += ["--set", "model.text_vectors=off", *args.options]
            row: dict[str, Any] = {"documents": count, "file_mb": size / 1e6}
            row["train"] = measure(train)
            if args.also:
                model, given = str(home / "model"), str(home / "train.jsonl")
                answers = str(home / "answers.jsonl")
                row["evaluate"] = measure([*harnn, "evaluate", model, "--data", given])
                predict = [*harnn, "predict", model, "--data", given, "--output", answers]
                row["predict"] = measure(predict)
        rows.append(row)
        print(line_of(row), flush=True)
        if args.output:
            args.output.write_text(json.dumps({"machine": _machine(), "rows": rows}, indent=1))


def line_of(row: dict[str, Any]) -> str:
    """Return the numbers of one run."""
    parts = [f"{row['documents']:>10,}"]
    for name in ("train", "evaluate", "predict"):
        if name in row:
            found, memory = row[name], row[name]["memory_mb"]
            parts.append(
                f"{name}: {found['seconds']:,.0f} s ({found['cpu_seconds']:,.0f} CPU), "
                f"own {memory['own']:,.0f} MB, all {memory['all']:,.0f} MB, "
                f"disk {memory['disk']:,.0f} MB"
            )
    return "  ".join(parts)


def _machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, shared with others"


def plot(args: argparse.Namespace) -> None:
    """Draw memory and CPU seconds against documents, before and after."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator

    figure, axes = plt.subplots(1, 2, figsize=(7.2, 2.8), layout="constrained")
    for path, name, style in ((args.before, "before", "o--"), (args.plot, "now", "o-")):
        if path is None:
            continue
        rows = json.loads(path.read_text())["rows"]
        counts = [row["documents"] for row in rows]
        memory = [row["train"]["memory_mb"]["own"] / 1e3 for row in rows]
        axes[0].plot(counts, memory, style, label=name, markersize=3)
        axes[1].plot(
            counts, [x["train"]["cpu_seconds"] for x in rows], style, label=name, markersize=3
        )
    for axis, title in zip(axes, ("memory of its own, GB", "CPU seconds"), strict=True):
        axis.set(xscale="log", yscale="log", xlabel="documents", title=title)
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_minor_formatter("")
        axis.xaxis.set_major_formatter("{x:,.0f}")
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(args.picture, dpi=80)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the datasets")
    parser.add_argument("--documents", type=int, nargs="+", default=[30_000, 100_000])
    parser.add_argument("--also", action="store_true", help="evaluate and predict them as well")
    parser.add_argument("--place", type=Path, help="for what is made meanwhile")
    parser.add_argument("--output", type=Path, help="JSON to write")
    parser.add_argument("--plot", type=Path, help="JSON to draw instead")
    parser.add_argument("--before", type=Path, help="JSON to draw beside it")
    parser.add_argument("--picture", type=Path, default=Path("large-data.png"))
    parser.add_argument("options", nargs="*", help="more options of harnn train, behind --")
    args = parser.parse_args()
    if args.plot:
        plot(args)
    else:
        run(args)


if __name__ == "__main__":
    main()

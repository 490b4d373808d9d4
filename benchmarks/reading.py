"""Time reading documents and a taxonomy beside what only parses them, as ratios within one run.

    python benchmarks/reading.py [--documents 100000] [--repeats 3] [--output runs/reading.json]

The same made-up documents stand in JSON lines, a JSON array, CSV, TSV and Parquet; beside each is
the barest reader of its form: ``json.loads`` of each line, ``csv.reader``, ``pyarrow`` batches as
Python values. Every reading is a process of its own, so that its peak memory is its own. Prints a
Markdown table and writes JSON: medians.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import psutil  # type: ignore[import-untyped]

from harnn._files import write_atomically

WORDS_OF_A_TEXT = 100
LABELS = 100_000
BARE = {
    "documents.jsonl": "json.loads of each line",
    "documents.json": "json.loads of each line",
    "documents.csv": "csv.reader",
    "documents.tsv": "csv.reader",
    "documents.parquet": "pyarrow, as Python values",
    "taxonomy.tsv": "csv.reader",
}
"""What reads each file barely; the JSON array is compared with the JSON lines."""


class Reading(NamedTuple):
    """One file, read once in a process of its own."""

    items: int
    seconds: float
    peak_megabytes: float


def write_files(folder: Path, documents: int) -> None:
    """Write the same made-up documents in all forms, and a taxonomy."""
    import pyarrow
    from pyarrow import parquet

    chance = random.Random(0)
    words = [f"word{number}" for number in range(20_000)]
    records: list[dict[str, Any]] = [
        {
            "id": f"d{number}",
            "text": " ".join(chance.choices(words, k=WORDS_OF_A_TEXT)) + ' "so, it is"',
            "labels": [f"L{label}" for label in chance.sample(range(LABELS), 3)],
        }
        for number in range(documents)
    ]
    lines = [json.dumps(record) for record in records]
    (folder / "documents.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "documents.json").write_text("[" + ",\n".join(lines) + "]\n", encoding="utf-8")
    rows = [
        ["id", "text", "labels"],
        *([r["id"], r["text"], ";".join(r["labels"])] for r in records),
    ]
    with (folder / "documents.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    tsv = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    (folder / "documents.tsv").write_text(tsv, encoding="utf-8")
    parquet.write_table(pyarrow.Table.from_pylist(records), folder / "documents.parquet")
    edges = [
        f"L{number}\t{f'L{number // 10}' if number > 9 else 'ROOT'}" for number in range(LABELS)
    ]
    (folder / "taxonomy.tsv").write_text("\n".join(edges) + "\n", encoding="utf-8")


def read_with_harnn(path: Path) -> int:
    """Return how many documents, or labels, a file holds."""
    if path.name == "taxonomy.tsv":
        from harnn.taxonomy import Taxonomy

        return len(Taxonomy.from_file(path))
    from harnn.data import read_documents

    return _count(read_documents(path, labelled=True))


def read_barely(path: Path) -> int:
    """Return how many rows a file holds, by the barest reader."""
    if path.suffix == ".parquet":
        from pyarrow import parquet

        with parquet.ParquetFile(path) as table:
            return sum(len(batch.to_pylist()) for batch in table.iter_batches())
    path = path.with_suffix(".jsonl") if path.suffix == ".json" else path
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            return _count(map(json.loads, file))
        if path.suffix == ".csv":
            return _count(csv.reader(file)) - 1
        rows = _count(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        return rows - (path.name != "taxonomy.tsv")


def _count(items: Iterable[Any]) -> int:
    return sum(1 for _ in items)


READERS: dict[str, Callable[[Path], int]] = {"harnn": read_with_harnn, "bare": read_barely}


def measure(path: Path, reader: str, repeats: int) -> Reading:
    """Read a file in a process of its own; the median of several in time and memory."""
    command = [sys.executable, __file__, "--read", reader, str(path)]
    found = []
    for _ in range(repeats):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(Reading(**json.loads(done.stdout)))
    return Reading(
        found[0].items,
        statistics.median(x.seconds for x in found),
        statistics.median(x.peak_megabytes for x in found),
    )


def read_here(reader: str, path: Path) -> Reading:
    """Read a file in this process, modules that it needs included in the memory alone."""
    READERS[reader](_first_rows(path))
    started = time.perf_counter()
    items = READERS[reader](path)
    return Reading(items, time.perf_counter() - started, _peak_megabytes())


def _first_rows(path: Path) -> Path:
    """Return a small file of the same form, whose reading imports what is needed."""
    return path.parent / "small" / path.name


def _peak_megabytes() -> float:
    memory = psutil.Process().memory_info()
    if hasattr(memory, "peak_wset"):  # Windows
        return float(memory.peak_wset) / 1e6
    status = Path("/proc/self/status")
    if status.exists():
        fields = dict(line.split(":", 1) for line in status.read_text("utf-8").splitlines())
        return int(fields["VmHWM"].split()[0]) * 1024 / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def table(found: dict[str, dict[str, Reading]]) -> str:
    """Return the table in Markdown."""
    lines = ["| file | a second | peak MB | beside | a second | peak MB | times as long |"]
    lines.append("|" + "---|" * 7)
    for name, readings in found.items():
        ours, bare = readings["harnn"], readings["bare"]
        cells = [
            name,
            *_cells(ours),
            BARE[name],
            *_cells(bare),
            f"{ours.seconds / bare.seconds:.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cells(reading: Reading) -> tuple[str, str]:
    return f"{reading.items / reading.seconds:,.0f}", f"{reading.peak_megabytes:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("runs/reading.json"))
    parser.add_argument("--read", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.read:
        print(json.dumps(read_here(chosen.read[0], Path(chosen.read[1]))._asdict()))
        return
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "small").mkdir()
        write_files(home / "small", 10)
        write_files(home, chosen.documents)
        found = {
            name: {reader: measure(home / name, reader, chosen.repeats) for reader in READERS}
            for name in BARE
        }
    print(table(found))
    plain = {n: {r: x._asdict() for r, x in readings.items()} for n, readings in found.items()}
    with write_atomically(chosen.output) as file:
        json.dump({"documents": chosen.documents, "files": plain}, file, indent=1)


if __name__ == "__main__":
    main()

"""Time and memory of reading SKOS files.

    python benchmarks/skos.py [FILE ...] [--output FILE]

Without files: those under ``$HARNN_DATA/skos``. Prints a Markdown table and writes JSON: seconds,
medians of five readings in this process, and the most memory (MB, resident) of a process that
reads the file once, beside that of one that imports the same and reads nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from harnn._files import write_atomically
from harnn.taxonomy import Taxonomy
from harnn.taxonomy.rdf import parse_rdf

REPEATS = 5
ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("HARNN_DATA", ROOT.parent / "shared" / "data")) / "skos"
FORMS = {".ttl": "turtle", ".rdf": "rdfxml", ".nt": "ntriples"}


def peak_of_reading(path: str) -> float:
    """Return MB of a process of its own that reads *path*; empty: nothing."""
    command = [sys.executable, __file__, "--once", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def read_once(path: str) -> None:
    import pyoxigraph  # noqa: F401 (the process that reads nothing imports it too)

    if path:
        Taxonomy.from_file(path)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def measure(path: Path, idle: float) -> dict[str, Any]:
    seconds, parsing = [], []
    for _ in range(REPEATS):
        started = time.perf_counter()
        taxonomy = Taxonomy.from_file(path)
        seconds.append(time.perf_counter() - started)
    text = path.read_text(encoding="utf-8")
    for _ in range(REPEATS):
        started = time.perf_counter()
        parse_rdf(text, FORMS[path.suffix], path.name, path.name)  # type: ignore[arg-type]
        parsing.append(time.perf_counter() - started)
    return {
        "file": path.name,
        "megabytes": path.stat().st_size / 1e6,
        "labels": len(taxonomy),
        "edges": len(taxonomy.edges),
        "seconds": statistics.median(seconds),
        "seconds_of_parsing": statistics.median(parsing),
        "peak_mb_beyond_imports": peak_of_reading(str(path)) - idle,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--output", type=Path, default=Path("runs/skos.json"))
    parser.add_argument("--once", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.once is not None:
        read_once(chosen.once)
        return
    files = chosen.files or sorted(path for path in DATA.glob("*") if path.suffix in FORMS)
    if not files:
        parser.error(f"no SKOS files under {DATA}; name some.")
    idle = peak_of_reading("")
    rows = [measure(path, idle) for path in files]
    print("| file | MB | labels | edges | read, s | of it RDF, s | memory, MB |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['file']} | {row['megabytes']:.1f} | {row['labels']:,} | {row['edges']:,} "
            f"| {row['seconds']:.2f} | {row['seconds_of_parsing']:.2f} "
            f"| {row['peak_mb_beyond_imports']:.0f} |"
        )
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(chosen.output) as file:
        json.dump({"cores": os.cpu_count(), "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()

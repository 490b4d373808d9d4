"""Threads that wait for each other, with and without another program on one of the cores.

    python benchmarks/waiting.py [--turns 300000 1000 0] [--rounds 1] [--limit 300]
        [--output runs/waiting.json] [-- COMMAND ...]

Runs a command, by itself ``harnn demo``, with each of these values of ``GOMP_SPINCOUNT`` (how often
a thread of GNU's OpenMP asks for the others before it lets go of its core) and once in one thread;
each alone, then beside an endless loop that keeps to one core. Printed are seconds by the wall and
of the processor; a command that takes longer than *limit* seconds is ended. Linux only, and on
cores that nothing else is on.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from keeping import keep_rows

Row = dict[str, Any]


@contextmanager
def another_program() -> Iterator[None]:
    """Keep a core busy, the first of those that this process may use."""
    core = min(os.sched_getaffinity(0))
    command = f"import os\nos.sched_setaffinity(0, {{{core}}})\nwhile True:\n    pass\n"
    with subprocess.Popen([sys.executable, "-c", command]) as process:
        try:
            yield
        finally:
            process.kill()


def run(command: Sequence[str], told: dict[str, str], limit: float) -> Row:
    """Run a command with these variables of the environment, and return what it took."""
    names = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "OMP_NUM_THREADS")
    rest = {name: value for name, value in os.environ.items() if name not in names}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    try:
        subprocess.run(
            command, env=rest | told, capture_output=True, check=True, timeout=limit, text=True
        )
        ended = False
    except subprocess.TimeoutExpired:
        ended = True
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{command} failed:\n{error.stderr}") from None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": time.perf_counter() - started, "cpu_seconds": cpu, "ended": ended}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, nargs="+", default=[300_000, 1_000, 0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--limit", type=float, default=300)
    parser.add_argument("--output", type=Path)
    parser.add_argument("command", nargs="*")
    given = parser.parse_args()
    ways = [(f"{turns:,}", {"GOMP_SPINCOUNT": str(turns)}) for turns in given.turns]
    ways.append(("one thread", {"OMP_NUM_THREADS": "1"}))
    rows: list[Row] = []
    print("| turns | alone, wall (CPU) | beside, wall (CPU) |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        own = [sys.executable, "-m", "harnn", "demo", "--out", str(Path(folder, "model"))]
        for name, told in ways * given.rounds:
            cells = []
            for beside in (False, True):
                with another_program() if beside else nullcontext():
                    row = run(given.command or own, told, given.limit)
                rows.append({"way": name, "told": told, "beside": beside} | row)
                cells.append(
                    f"over {given.limit:.0f} s"
                    if row["ended"]
                    else f"{row['seconds']:.0f} s ({row['cpu_seconds']:.0f})"
                )
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
    if given.output is not None:
        keep_rows(given.output, rows)


if __name__ == "__main__":
    main()

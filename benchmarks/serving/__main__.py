"""Put ``harnn serve`` under load on this machine.

    python benchmarks/serving MODEL --data test.jsonl.gz [--other MODEL] [--output FILE]

Throughput beside ``Predictor.predict`` on the same documents, a burst beyond what may wait, SIGTERM
under load, memory over many requests, and, with --other, a model directory replaced under load. The
clients share the cores with the server, so that it has less than all of them. Prints a table and
writes JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from harnn._files import write_atomically
from harnn.bundle import load_bundle
from harnn.data import read_documents
from serving import scenarios


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=2_000, help="read of the data")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--each", type=int, nargs="+", default=[1, 16], help="documents a request")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--requests", type=int, default=20_000, help="of the test of memory")
    parser.add_argument("--other", type=Path, help="a model to put in its place")
    parser.add_argument("--only", nargs="+", default=["all"])
    parser.add_argument("--output", type=Path, help="JSON of all numbers")
    chosen = parser.parse_args(arguments)
    found = _measure(chosen)
    if chosen.output:
        with write_atomically(chosen.output) as file:
            file.write(json.dumps(found, indent=1))


def _measure(chosen: argparse.Namespace) -> dict[str, Any]:
    data = load_bundle(chosen.model).config.data
    documents = read_documents([chosen.data], data, labelled=False)
    texts = [each.full_text for each in islice(documents, chosen.documents)]
    found: dict[str, Any] = {}

    def wanted(name: str) -> bool:
        return "all" in chosen.only or name in chosen.only

    if wanted("throughput"):
        base = found["alone"] = scenarios.alone(chosen.model, texts)
        _say("alone", base)
        rows = found["throughput"] = []
        for workers in chosen.workers:
            for each in chosen.each:
                row = scenarios.throughput(
                    chosen.model,
                    texts,
                    each=each,
                    clients=chosen.clients,
                    seconds=chosen.seconds,
                    workers=workers,
                )
                for unit in ("documents_a_second", "documents_a_cpu_second"):
                    row[f"{unit}_to_alone"] = row[unit] / base[unit]
                rows.append(row)
                _say("throughput", row)
    if wanted("burst"):
        found["burst"] = scenarios.burst(chosen.model, texts, requests=1_000, waiting=64)
        _say("burst", found["burst"])
    for workers in chosen.workers:
        if wanted("stop"):
            stopped = scenarios.stop_under_load(
                chosen.model, texts, clients=chosen.clients, workers=workers
            )
            found.setdefault("stop", []).append(stopped)
            _say("stop", stopped)
        if wanted("swap") and chosen.other:
            swapped = scenarios.swap_under_load(
                chosen.model, chosen.other, texts, clients=chosen.clients, workers=workers
            )
            found.setdefault("swap", []).append(swapped)
            _say("swap", swapped)
    if wanted("memory"):
        found["memory"] = scenarios.memory(
            chosen.model, texts, requests=chosen.requests, clients=chosen.clients
        )
        _say("memory", found["memory"])
    return found


def _say(name: str, row: dict[str, Any]) -> None:
    shown = {k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}
    print(f"| {name} | " + " | ".join(f"{k} {v}" for k, v in shown.items()) + " |", flush=True)


if __name__ == "__main__":
    main()

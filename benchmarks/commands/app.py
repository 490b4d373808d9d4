"""The command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from accuracy.app import METHOD_NAMES, NAMES, require_installed
from accuracy.ours import OURS
from accuracy.peers import METHODS
from accuracy.reading import DATA, Dataset


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    chosen = _parser().parse_args(arguments)
    if chosen.command == "run":
        return _run(chosen)
    if chosen.command == "report":
        return _report(chosen)
    from commands import peer

    dataset = Dataset.open(chosen.dataset, chosen.data)
    if chosen.command == "fit":
        return peer.train(
            dataset, chosen.method, chosen.model, seed=chosen.seed, threads=chosen.threads
        )
    return peer.predict(
        dataset,
        chosen.method,
        chosen.model,
        chosen.documents,
        chosen.output,
        threads=chosen.threads,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python benchmarks/commands")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="make runs, one JSON file each; those there are kept")
    run.add_argument("--only", nargs="+", default=list(NAMES), help="datasets")
    run.add_argument("--method", nargs="+", required=True, choices=METHOD_NAMES, metavar="NAME")
    run.add_argument("--seed", type=int, default=1)
    run.add_argument("--set", action="append", default=[], help="a setting for our training")
    run.add_argument("--again", action="store_true", help="repeat runs whose file is there")
    run.add_argument(
        "--documents", type=int, default=0, help="to answer: test as often as it takes; 0: once"
    )
    run.add_argument("--output", type=Path, default=Path("runs/commands"))
    report = commands.add_parser("report", help="turn runs into a table and a plot")
    report.add_argument("runs", type=Path)
    report.add_argument("--markdown", type=Path)
    report.add_argument("--plot", type=Path)
    fit = commands.add_parser("fit", help="(the training command of a peer)")
    predict = commands.add_parser("predict", help="(the answering command of a peer)")
    for command in (fit, predict):
        command.add_argument("--dataset", required=True)
        command.add_argument("--method", required=True, choices=list(METHODS), metavar="NAME")
        command.add_argument("--model", type=Path, required=True)
    fit.add_argument("--seed", type=int, default=1)
    predict.add_argument("--documents", type=Path, required=True)
    predict.add_argument("--output", type=Path, required=True)
    for command in (run, fit, predict):
        command.add_argument("--data", type=Path, default=DATA, help="folder of the datasets")
        command.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    return parser


def _run(chosen: argparse.Namespace) -> int:
    from accuracy.running import Plan

    from commands.report import summary_line
    from commands.running import carry_out

    require_installed(chosen.method)
    chosen.output.mkdir(parents=True, exist_ok=True)
    for dataset in chosen.only:
        for method in chosen.method:
            settings = tuple(chosen.set) if method in OURS else ()
            plan = Plan(dataset, method, chosen.seed, chosen.threads, settings)
            if (chosen.output / f"{plan.stem}.json").exists() and not chosen.again:
                continue
            row = carry_out(plan, chosen.data, chosen.output, documents=chosen.documents)
            print(summary_line(row), flush=True)
    return 0


def _report(chosen: argparse.Namespace) -> int:
    from accuracy.report import load_rows

    from commands.report import markdown, plot

    rows = load_rows(chosen.runs)
    if not rows:
        raise SystemExit(f"{chosen.runs} holds no runs.")
    if chosen.markdown:
        chosen.markdown.write_text(markdown(rows), encoding="utf-8")
    else:
        print(markdown(rows))
    if chosen.plot:
        plot(rows, chosen.plot)
    return 0

"""The command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from accuracy.ours import OURS
from accuracy.peers import METHODS, how_to_install
from accuracy.reading import DATA, Dataset

# Whatever is not needed by every command is imported where it is: a measured process pays for
# what it uses and for nothing else.
METHOD_NAMES = (*OURS, *METHODS)
NAMES = (
    "arxiv-cat",
    "arxiv-dag",
    "arxiv-msc",
    "onet-tasks",
    "csl-disciplines",
    "mitre-attack",
    "valueeval23",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    chosen = _parser().parse_args(arguments)
    if chosen.command == "run":
        return _run(chosen)
    if chosen.command == "report":
        return _report(chosen)
    if chosen.command == "evaluate":
        return _evaluate(chosen)
    if chosen.command == "methods":
        for name in METHOD_NAMES:
            print(f"{name:24} {METHODS[name].about if name in METHODS else ' '.join(OURS[name])}")
        return 0
    from accuracy.worker import score, train_peer

    dataset = Dataset.open(chosen.dataset, chosen.data)
    if chosen.command == "fit":
        return train_peer(
            dataset, chosen.method, chosen.model, seed=chosen.seed, threads=chosen.threads
        )
    method = None if chosen.method in OURS else chosen.method
    return score(dataset, method, chosen.model, chosen.output, threads=chosen.threads)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python benchmarks/accuracy")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="make runs, one JSON file each; those there are kept")
    run.add_argument("--only", nargs="+", default=list(NAMES), help="datasets")
    run.add_argument("--method", nargs="+", required=True, choices=METHOD_NAMES, metavar="NAME")
    run.add_argument("--seeds", nargs="+", type=int, default=[1], help="peers use the first")
    run.add_argument("--set", action="append", default=[], help="a setting for our training")
    run.add_argument("--again", action="store_true", help="repeat runs whose file is there")
    run.add_argument("--keep-scores", action="store_true", help="keep the scores beside the JSON")
    run.add_argument("--output", type=Path, default=Path("runs/accuracy"))
    report = commands.add_parser("report", help="turn runs into a table and a plot")
    report.add_argument("runs", type=Path)
    report.add_argument("--markdown", type=Path)
    report.add_argument("--plot", type=Path)
    report.add_argument(
        "--cost", choices=["seconds", "cpu_seconds"], default="seconds", help="of the plot"
    )
    again = commands.add_parser("evaluate", help="evaluate kept scores again, without training")
    again.add_argument("runs", type=Path)
    commands.add_parser("methods", help="list the methods")
    fit = commands.add_parser("fit", help="(one run's training process)")
    scoring = commands.add_parser("score", help="(one run's prediction process)")
    for command in (fit, scoring):
        command.add_argument("--dataset", required=True)
        command.add_argument("--method", required=True, choices=METHOD_NAMES, metavar="NAME")
        command.add_argument("--model", type=Path, required=True)
    fit.add_argument("--seed", type=int, default=1)
    scoring.add_argument("--output", type=Path, required=True)
    for command in (run, again, fit, scoring):
        command.add_argument("--data", type=Path, default=DATA, help="folder of the datasets")
    for command in (run, fit, scoring):
        command.add_argument("--threads", type=int, default=1, help="threads of every process")
    return parser


def require_installed(methods: Sequence[str]) -> None:
    """Make sure that all methods can be run.

    Raises:
        SystemExit: libraries are missing; says how to install them.
    """
    lacking = {name: how_to_install(name) for name in methods if name in METHODS}
    lines = [f"{name} is not installed: {how}" for name, how in lacking.items() if how]
    if lines:
        raise SystemExit("\n".join(lines))


def _run(chosen: argparse.Namespace) -> int:
    from accuracy.report import summary_line
    from accuracy.running import Plan, carry_out

    require_installed(chosen.method)
    chosen.output.mkdir(parents=True, exist_ok=True)
    for dataset in chosen.only:
        for method in chosen.method:
            for seed in chosen.seeds if method in OURS else chosen.seeds[:1]:
                settings = tuple(chosen.set) if method in OURS else ()
                plan = Plan(dataset, method, seed, chosen.threads, settings)
                if (chosen.output / f"{plan.stem}.json").exists() and not chosen.again:
                    continue
                row = carry_out(plan, chosen.data, chosen.output, keep_scores=chosen.keep_scores)
                print(summary_line(row), flush=True)
    return 0


def _evaluate(chosen: argparse.Namespace) -> int:
    from accuracy.report import summary_line
    from accuracy.running import evaluate_again

    for path in sorted(chosen.runs.glob("*--*.json")):
        if path.with_suffix(".npz").exists():
            print(summary_line(evaluate_again(path, chosen.data)), flush=True)
    return 0


def _report(chosen: argparse.Namespace) -> int:
    from accuracy.report import load_rows, markdown, plot

    rows = load_rows(chosen.runs)
    if not rows:
        raise SystemExit(f"{chosen.runs} holds no runs.")
    text = markdown(rows)
    if chosen.markdown:
        chosen.markdown.write_text(text, encoding="utf-8")
    else:
        print(text)
    if chosen.plot:
        plot(rows, chosen.plot, cost=chosen.cost)
    return 0

"""Whether promises of automatic acceptance hold on documents that they were not made from.

    python benchmarks/promise.py arxiv-cat=MODEL onet-tasks=MODEL [--splits 100]
        [--output runs/promise.json]

For each data set of ``HARNN_DATA`` and a model trained on it: what each kind of confidence accepts
on test; cuts from valid tried on test, by target and reading; the same over random splits of the
test documents into as many as valid has, or half, for the cuts, and the rest, to try them on (a
model's blend is fitted to valid, so that valid looks a little better than it is); and sets of
labels from valid, closed upward and not, with their coverage on test. Last, without any model, how
often audits pause a level by chance.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

import harnn
from harnn.acceptance import (
    LEAST_AUDITS,
    READINGS,
    Curve,
    Judged,
    are_right,
    judge,
    make_acceptance,
    make_label_sets,
    measure_label_sets,
    try_acceptance,
)
from harnn.metrics.wilson import wilson_bounds
from harnn.taxonomy import Taxonomy

TARGETS = (0.9, 0.95, 0.98)
COVERAGES = (0.8, 0.9, 0.95)
HASH = "0" * 64
Row = dict[str, Any]


class Answered(NamedTuple):
    """Labelled documents with what a model says of them."""

    scores: NDArray[np.float32]
    chosen: csr_array[np.bool_]
    targets: Any
    judged: Judged


def answer(predictor: harnn.Predictor, path: Path) -> Answered:
    """Let a model answer labelled documents in its own way."""
    hierarchy, corpus = predictor.taxonomy.hierarchy, predictor.encode_labelled(path)
    shown, chosen = predictor.bundle.decoder.decode(predictor.score_corpus(corpus), hierarchy)
    judged = judge(shown.values, chosen, corpus.targets, hierarchy)
    return Answered(shown.values, chosen, corpus.targets, judged)


def kinds_of_confidence(found: Answered, taxonomy: Taxonomy) -> list[Row]:
    """Return the share that each kind accepts with a precision of the targets, on test itself."""
    hierarchy, sets = taxonomy.hierarchy, found.chosen
    rows = np.repeat(np.arange(len(found.scores)), np.diff(sets.indptr))
    scores, levels = found.scores[rows, sets.indices], hierarchy.levels[sets.indices]
    right, result = are_right(sets, found.targets, hierarchy), []
    for level in range(1, hierarchy.depth + 1):
        above, own = rows[levels <= level], scores[levels <= level].astype(np.float64)
        product, least, total = (np.full(len(found.scores), x) for x in (1.0, 1.0, 0.0))
        np.multiply.at(product, above, own)
        np.minimum.at(least, above, own)
        np.add.at(total, above, own)
        mean = total / np.maximum(np.bincount(above, minlength=len(total)), 1)
        known = found.judged.confidence[:, level - 1]
        kinds = {"specific": known, "product": product, "minimum": least, "mean": mean}
        for name, values in kinds.items():
            confidence = np.where(np.isnan(known), np.nan, values).astype(np.float32)
            curve = Curve.count(confidence, right[:, level - 1])
            row: Row = {"level": level, "kind": name}
            for target in TARGETS:
                place = curve.choose(target, "point")
                row[f"{target:g}"] = 0.0 if place is None else curve.point(place).share
            result.append(row)
    return result


def cuts_on_test(valid: Judged, test: Judged, taxonomy: Taxonomy) -> list[Row]:
    """Return what cuts of valid do on test."""
    result = []
    for reading in READINGS:
        for target in TARGETS:
            level_targets = dict.fromkeys(range(1, taxonomy.depth + 1), target)
            made = make_acceptance(valid, taxonomy, level_targets, model_hash=HASH, reading=reading)
            for each in try_acceptance(made, test).levels:
                precision = None if each.precision is None else each.precision.to_dict()
                row = {"reading": reading, "target": target, "level": each.level}
                result.append(row | {"share": each.share, "precision": precision})
    return result


def over_splits(test: Judged, size: int, splits: int, taxonomy: Taxonomy) -> list[Row]:
    """Return how often targets are missed over random splits, for each level alone.

    size: documents for the cuts. A target counts as missed where the precision of what is accepted
    of the rest is below it, chance included; as clearly missed where its whole interval is.
    """
    rng = np.random.default_rng(13)
    orders = [rng.permutation(len(test)) for _ in range(splits)]
    result = []
    for level in range(1, taxonomy.depth + 1):
        for target in TARGETS:
            for reading in READINGS:
                shares, missed, clearly, opened = [], 0, 0, 0
                for order in orders:
                    cut, rest = (
                        Judged(test.confidence[rows], test.right[rows], 0)
                        for rows in (order[:size], order[size:])
                    )
                    made = make_acceptance(
                        cut, taxonomy, {level: target}, model_hash=HASH, reading=reading
                    )
                    tried = try_acceptance(made, rest).levels
                    opened += bool(tried)
                    shares.append(tried[0].share if tried else 0.0)
                    if tried and (precision := tried[0].precision) is not None:
                        missed += precision.share < target
                        clearly += precision.high < target
                row = {"level": level, "target": target, "reading": reading, "opened": opened}
                row |= {"missed": missed, "clearly": clearly, "share": float(np.mean(shares))}
                result.append(row)
    return result


def label_sets(valid: Answered, test: Answered, taxonomy: Taxonomy) -> list[Row]:
    """Return the coverage and sizes of sets on test."""
    hierarchy, result = taxonomy.hierarchy, []
    for coverage in COVERAGES:
        sets = make_label_sets(valid.scores, valid.targets, hierarchy, coverage)
        found = measure_label_sets(sets, test.scores, test.targets, hierarchy)
        own = sets.choose(test.scores, hierarchy)
        closed = hierarchy.close_sets(own)
        for each, part in zip(found, hierarchy.level_slices, strict=True):
            if each.covered is None or each.sizes is None:
                continue
            row: Row = {"coverage": coverage, "level": each.level}
            row |= {"covered": each.covered.to_dict(), "mean": round(each.sizes.mean, 2)}
            row |= {"median": round(each.sizes.median), "largest": each.sizes.largest}
            row |= {"of": part.stop - part.start}
            grown = closed[:, part].nnz / max(own[:, part].nnz, 1)
            result.append(row | {"times_closed": round(grown, 2)})
    return result


def pausing(levels: int = 4_000) -> list[Row]:
    """Return how often audits pause a level, looked at after each of them."""
    rng, most = np.random.default_rng(13), 1_200
    counts = np.arange(1, most + 1)
    result = []
    for target in TARGETS:
        for better in (0.01, 0.0, -0.01, -0.03, -0.05):
            right = np.cumsum(rng.random((levels, most)) < target + better, axis=1)
            below = wilson_bounds(right / counts, counts)[1] < target
            for first in (1, LEAST_AUDITS):
                row: Row = {"target": target, "true": round(target + better, 2), "first": first}
                for audits in (150, 300, 600, most):
                    paused = below[:, first - 1 : audits].any(axis=1)
                    row[str(audits)] = float(paused.mean())
                result.append(row)
    return result


def measure(name: str, model: Path, splits: int) -> Row:
    """Measure all on one data set."""
    place = Path(os.environ.get("HARNN_DATA", "../shared/data")) / name
    predictor = harnn.Predictor.load(model)
    taxonomy = predictor.taxonomy
    valid, test = (answer(predictor, place / f"{split}.jsonl.gz") for split in ("valid", "test"))
    in_question = ~np.isnan(test.judged.confidence)
    size = min(len(valid.judged), (len(test.judged) + 1) // 2)
    return {
        "documents": {"valid": len(valid.judged), "test": len(test.judged)},
        "levels": [
            {
                "level": level,
                "in_question": float(known.mean()),
                "right": float(right[known].mean()),
            }
            for level, (known, right) in enumerate(
                zip(in_question.T, test.judged.right.T, strict=True), start=1
            )
        ],
        "confidence": kinds_of_confidence(test, taxonomy),
        "cuts": cuts_on_test(valid.judged, test.judged, taxonomy),
        "splits": over_splits(test.judged, size, splits, taxonomy),
        "sets": label_sets(valid, test, taxonomy),
    }


def show(title: str, rows: list[Row]) -> None:
    """Print rows as a table in Markdown; shares in percent."""
    print(f"\n{title}\n")
    if not rows:
        print("nothing")
        return
    print("|", " | ".join(rows[0]), "|")
    print("|", " | ".join("---" for _ in rows[0]), "|")
    for row in rows:
        print("|", " | ".join(_cell(name, value) for name, value in row.items()), "|")


def _cell(name: str, value: Any) -> str:
    if isinstance(value, dict):  # an interval
        half = 50 * (value["high"] - value["low"])
        return f"{100 * value['share']:.1f} ± {half:.1f} of {value['count']:,}"
    if isinstance(value, float) and name not in ("mean", "times_closed"):
        return f"{100 * value:.1f}"
    return "" if value is None else str(value)


def main() -> None:
    """Read the options, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", metavar="NAME=MODEL")
    parser.add_argument("--splits", type=int, default=100)
    parser.add_argument("--output", type=Path, default=Path("runs/promise.json"))
    options = parser.parse_args()
    found: Row = {"machine": platform.processor(), "splits": options.splits}
    for given in options.models:
        name, _, model = given.partition("=")
        found[name] = measure(name, Path(model), options.splits)
        for part in ("levels", "confidence", "cuts", "splits", "sets"):
            show(f"{name}: {part}", found[name][part])
    found["pausing"] = pausing()
    show("pausing", found["pausing"])
    found["cpu_seconds"] = round(time.process_time())
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with options.output.open("w", encoding="utf-8") as file:
        json.dump(found, file, indent=1)
    print(f"\n{options.output}: {found['cpu_seconds']:,} CPU seconds")


if __name__ == "__main__":
    main()

"""How often ``harnn drift`` calls documents moved that are not, and sees what has moved.

    python benchmarks/drift.py mitre-attack=MODEL arxiv-cat=MODEL [--draws 200]
        [--other csl-disciplines] [--only-cost] [--output runs/drift.json]

For each data set of ``HARNN_DATA`` and a model trained on it: test documents are drawn without
replacement and compared with the model's own figures of valid, and with the rest of test, so that
whatever is called moved is a false alarm; then the same draws are changed in a known way: fewer
documents of half of the top labels, none of a label, typing errors, another language (Chinese, from
*other*), another set, texts cut. Written and shown: the share of draws in which each figure, and
any, is called moved, or as before. Documents are answered once for each change; the draws are of
their answers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

import harnn
import harnn.prediction.predictor
from harnn.corpus import sparse_targets
from harnn.data import Document, labelled_documents, read_documents
from harnn.prediction.watched import block_of
from harnn.watching import (
    Block,
    Drift,
    Figures,
    MovingWindow,
    choosing_of,
    compare_figures,
    count_block,
    join_blocks,
    options_of,
)

SIZES = (100, 300, 1_000, 3_000)
MOST_TEST = 6_000
AT_ONCE = 500
Row = dict[str, Any]
Change = Callable[[str, np.random.Generator], str]


class Answered(NamedTuple):
    """Documents as a model read and answered them."""

    block: Block
    documents: int


def place_of(name: str, split: str) -> Path:
    """Return the file of a split of a data set."""
    return Path(os.environ.get("HARNN_DATA", "../shared/data")) / name / f"{split}.jsonl.gz"


def answer(
    predictor: harnn.Predictor, documents: list[Document], targets: Any, choosing: str
) -> Answered:
    """Let a model read and answer documents."""
    decoder = predictor.bundle.decoder.with_options(**options_of(choosing))
    blocks = [
        predictor.read_and_score(documents[start : start + AT_ONCE], decoder)
        for start in range(0, len(documents), AT_ONCE)
    ]
    block = replace(join_blocks(blocks), targets=targets)
    return Answered(block, len(documents))


def part(found: Answered, rows: NDArray[np.int64]) -> Block:
    """Return some of the documents."""
    block = found.block
    return replace(
        block,
        texts=[block.texts[row] for row in rows.tolist()],
        words=block.words[rows],
        scores=block.scores[rows],
        chosen=block.chosen[rows],
        vectors=None if block.vectors is None else block.vectors[rows],
        targets=None if block.targets is None else block.targets[rows],
    )


def with_typos(share: float) -> Change:
    """Change a letter of so many words: left out, doubled, or swapped with the next one."""

    def change(text: str, rng: np.random.Generator) -> str:
        words = text.split()
        for place in np.flatnonzero(rng.random(len(words)) < share).tolist():
            word = words[place]
            at = int(rng.integers(max(len(word) - 1, 1)))
            start, letter, rest = word[:at], word[at : at + 1], word[at + 1 :]
            doubled, swapped = f"{letter}{letter}{rest}", f"{rest[:1]}{letter}{rest[1:]}"
            words[place] = start + (rest, doubled, swapped)[int(rng.integers(3))]
        return " ".join(words)

    return change


def cut(words: int) -> Change:
    """Keep the first words of each field alone."""

    def change(text: str, _: np.random.Generator) -> str:
        return " ".join(text.split()[:words])

    return change


def summarise(found: list[Drift]) -> Row:
    """Return the shares of draws in which any figure moved, and each that ever did."""
    moved: Counter[str] = Counter()
    for drift in found:
        moved.update({each.figure for each in drift.moved})
    findings = [each for drift in found for each in drift.findings]
    told = sum(each.verdict == "as before" for each in findings) / len(findings)
    any_moved = sum(bool(drift.moved) for drift in found) / len(found)
    row: Row = {"any moved": any_moved, "figures as before": told}
    return row | {"by figure": {name: times / len(found) for name, times in sorted(moved.items())}}


class Measured:
    """One data set with its model."""

    def __init__(self, name: str, model: Path, other: str, draws: int) -> None:
        self.predictor = harnn.Predictor.load(model)
        self.draws, self.taxonomy = draws, self.predictor.taxonomy
        bundle = self.predictor.bundle
        pairs = islice(
            labelled_documents(place_of(name, "test"), self.taxonomy, bundle.config.data), MOST_TEST
        )
        documents, columns = zip(*pairs, strict=True)
        self.documents = list(documents)
        self.targets = sparse_targets(list(columns), len(self.taxonomy))
        self.valid = bundle.reference
        self.choosing = choosing_of(bundle.decoder) if self.valid is None else self.valid.choosing
        if self.valid is None:
            valid = list(
                labelled_documents(place_of(name, "valid"), self.taxonomy, bundle.config.data)
            )
            targets = sparse_targets([each for _, each in valid], len(self.taxonomy))
            self.valid = self.count(self.ask([each for each, _ in valid], targets))
        self.test = self.ask(self.documents, self.targets)
        self.strangers = list(islice(read_documents([place_of(other, "test")]), 1_000))

    def ask(self, documents: list[Document], targets: Any = None) -> Answered:
        """Let the model answer documents."""
        return answer(self.predictor, documents, targets, self.choosing)

    def count(self, found: Answered, rows: NDArray[np.int64] | None = None) -> Figures:
        """Count all documents, or some."""
        block = found.block if rows is None else part(found, rows)
        return count_block(block, self.taxonomy.hierarchy)

    def compare(self, before: Figures, now: Figures) -> Drift:
        """Compare figures of the model."""
        counts = self.predictor.bundle.label_counts
        return compare_figures(before, now, self.taxonomy, counts)

    def calm(self) -> list[Row]:
        """Measure false alarms."""
        assert self.valid is not None
        rows, rng, total = [], np.random.default_rng(13), self.test.documents
        for size in SIZES:
            if size > total // 2:
                continue
            halves, own = [], []
            for _ in range(self.draws):
                order = rng.permutation(total)
                now = self.count(self.test, order[:size])
                halves.append(self.compare(self.count(self.test, order[size : 2 * size]), now))
                own.append(self.compare(self.valid, now))
            rows.append({"documents": size, "beside": "as many of test", **summarise(halves)})
            rows.append({"documents": size, "beside": "valid", **summarise(own)})
        return rows

    def shifted(self) -> list[Row]:
        """Measure what is seen of changes."""
        assert self.valid is not None
        rows, total = [], self.test.documents
        rng = np.random.default_rng(13)
        for name, found, rows_of in self.changes(rng):
            for size in SIZES:
                if size > total // 2:
                    continue
                drifts = [
                    self.compare(self.valid, self.count(found, rows_of(size, rng)))
                    for _ in range(max(self.draws // 4, 1))
                ]
                rows.append({"change": name, "documents": size, **summarise(drifts)})
        return rows

    def changes(self, rng: np.random.Generator) -> list[tuple[str, Answered, Any]]:
        """Return changed documents by name, and how rows of so many are drawn."""
        total = self.test.documents
        top = self.targets[:, self.taxonomy.hierarchy.level_slices[0]].toarray()
        frequent = np.argsort(-top.sum(axis=0), kind="stable")
        fewer = top[:, frequent[::2]].any(axis=1)
        mix = np.flatnonzero(~fewer | (rng.random(total) < 0.5))
        gone = np.flatnonzero(~top[:, frequent[min(2, len(frequent) - 1)]])

        def drawn(size: int, rng: np.random.Generator) -> NDArray[np.int64]:
            return rng.permutation(total)[:size]

        def mixed(size: int, rng: np.random.Generator) -> NDArray[np.int64]:
            return rng.permutation(mix)[:size]

        def without(size: int, rng: np.random.Generator) -> NDArray[np.int64]:
            return rng.permutation(gone)[:size]

        def strange(share: float) -> Any:
            def rows(size: int, rng: np.random.Generator) -> NDArray[np.int64]:
                some = min(round(size * share), len(self.strangers))
                others = total + rng.permutation(len(self.strangers))[:some]
                return np.concatenate([rng.permutation(total)[: size - some], others])

            return rows

        def ask(change: Change) -> Answered:
            changed = [
                replace(each, text={name: change(text, rng) for name, text in each.text.items()})
                for each in self.documents
            ]
            return self.ask(changed, self.targets)

        unlabelled = self.ask(self.documents + self.strangers)
        return [
            ("half as many documents of half of the top labels", self.test, mixed),
            ("no document of the third top label", self.test, without),
            *((f"{share:.0%} of the words with a typing error", ask(with_typos(share)), drawn)
              for share in (0.02, 0.05, 0.1, 0.3)),
            *((f"{share:.0%} of the documents in Chinese", unlabelled, strange(share))
              for share in (0.02, 0.05, 0.1, 0.3)),
            ("the first 10 words alone", ask(cut(10)), drawn),
        ]  # fmt: skip


def another_set(measured: Measured, name: str) -> list[Row]:
    """Measure what is seen of documents of another set."""
    assert measured.valid is not None
    documents = list(islice(read_documents([place_of(name, "test")]), 2_000))
    found, rng, rows = measured.ask(documents), np.random.default_rng(13), []
    for size in SIZES:
        if size <= len(documents):
            drifts = [
                measured.compare(
                    measured.valid, measured.count(found, rng.permutation(len(documents))[:size])
                )
                for _ in range(max(measured.draws // 4, 1))
            ]
            rows.append({"change": f"all from {name}", "documents": size, **summarise(drifts)})
    return rows


def cost(measured: Measured, rounds: int = 15) -> Row:
    """Measure what counting takes while documents are answered, one at a time and 64 at once.

    The time is that of counting alone, between answers, so that it does not drown in theirs; of all
    rounds the median.
    """
    predictor, bundle, result = measured.predictor, measured.predictor.bundle, {}
    documents, spent = measured.documents[:640], [0.0]

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            began = time.process_time()
            found = function(*given)
            spent[0] += time.process_time() - began
            return found

        return call

    with patch.object(harnn.prediction.predictor, "block_of", timed(block_of)):
        for size in (1, 64):
            window = MovingWindow(
                bundle.reference, bundle.taxonomy.hierarchy, bundle.label_counts, measured.choosing
            )
            watch, seconds = timed(window.add), []
            for _ in range(rounds if size > 1 else 3):
                spent[0], began = 0.0, time.process_time()
                for start in range(0, len(documents), size):
                    some = documents[start : start + size]
                    list(predictor.predict_with_scores(some, watch=watch))
                timed(window.flush)()
                seconds.append((time.process_time() - began - spent[0], spent[0]))
            medians = np.median(seconds, axis=0) / len(documents)
            result[f"{size} at once"] = {
                name: round(1e6 * float(median), 1)
                for name, median in zip(("answering", "counting"), medians, strict=True)
            }
    return {"microseconds of a CPU a document": result}


def show(title: str, rows: list[Row]) -> None:
    """Print rows as a table in Markdown; shares in percent."""
    print(f"\n{title}\n")
    names = list(rows[0]) if rows else []
    print("|", " | ".join(names), "|")
    print("|", " | ".join("---" for _ in names), "|")
    for row in rows:
        print("|", " | ".join(map(_cell, row.values())), "|")


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {100 * share:.0f}" for name, share in value.items())
    return f"{100 * value:.1f}" if isinstance(value, float) else str(value)


def main() -> None:
    """Read the options, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", metavar="NAME=MODEL")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--other", default="csl-disciplines")
    parser.add_argument("--only-cost", action="store_true", help="Measure the time alone.")
    parser.add_argument("--output", type=Path, default=Path("runs/drift.json"))
    options = parser.parse_args()
    found: Row = {"machine": platform.processor(), "draws": options.draws}
    given = [each.partition("=")[::2] for each in options.models]
    for name, model in given:
        measured = Measured(name, Path(model), options.other, options.draws)
        row: Row = {"cost": cost(measured)}
        found[name] = row
        if not options.only_cost:
            row |= {"calm": measured.calm(), "shifted": measured.shifted()}
            for other, _ in given:
                if other != name:
                    row["shifted"] += another_set(measured, other)
            for title in ("calm", "shifted"):
                show(f"{name}: {title}", row[title])
        print(f"\n{name}: {row['cost']}")
    found["cpu_seconds"] = round(time.process_time())
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with options.output.open("w", encoding="utf-8") as file:
        json.dump(found, file, indent=1)
    print(f"\n{options.output}: {found['cpu_seconds']:,} CPU seconds")


if __name__ == "__main__":
    main()

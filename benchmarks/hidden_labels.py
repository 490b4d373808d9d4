"""How well labels are found by their names alone, when no training document has them.

    python benchmarks/hidden_labels.py onet-tasks [--encoder minilm] [--output FILE] [--cache DIR]

Of a data set of ``HARNN_DATA`` a tenth of the labels without children is hidden from training and
validation, whose documents keep their other labels; preset ``fast`` is trained with an encoder of
whole texts, in one thread. Prints a Markdown table of the hidden labels in the test documents, and
one of labels with one to three training documents, and writes JSON.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import resource
import time
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

import harnn
from harnn._files import write_atomically
from harnn.branches.by_name import ByName
from harnn.branches.by_name.relation import similarities
from harnn.config import Config, DataConfig
from harnn.counting import counts_at_thresholds
from harnn.data import Document, labelled_documents
from harnn.metrics.ranked import average_precision
from harnn.training import Event, Stage

BINS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
FEW = 3
Scores = NDArray[np.float32]


def tell(event: Event) -> None:
    """Print what is told, with the CPU seconds so far."""
    if isinstance(event, Stage):
        print(f"{event.message} [{cpu_seconds():,.0f} s]", flush=True)


def cpu_seconds() -> float:
    """Return the seconds that this process computed."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def read(place: Path, taxonomy: harnn.Taxonomy, most: int | None) -> list[Document]:
    """Read documents with their labels as columns' codes, closed upward."""
    found = labelled_documents(place, taxonomy, DataConfig())
    return [
        dataclasses.replace(document, labels=tuple(taxonomy.codes[x] for x in columns))
        for document, columns in islice(found, most)
    ]


def without(documents: list[Document], codes: set[str]) -> Iterator[Document]:
    """Yield documents without some labels; those that have no others are left out."""
    for document in documents:
        labels = tuple(label for label in document.labels or () if label not in codes)
        if labels:
            yield dataclasses.replace(document, labels=labels)


def judge(name: str, scores: Scores, true: NDArray[np.bool_]) -> dict[str, Any]:
    """Measure how labels are ranked, (N, U) of both: among each other, and over all documents."""
    rows = np.flatnonzero(true.any(axis=1))
    best = np.argsort(-scores[rows], axis=1, kind="stable")[:, :10]
    hits = np.take_along_axis(true[rows], best, axis=1)
    counts = counts_at_thresholds(scores.reshape(-1, 1), csr_array(true.reshape(-1, 1)))
    return {
        "way": name,
        "recall_at_1": float(hits[:, :1].sum() / true.sum()),
        "recall_at_10": float(hits.sum() / true.sum()),
        "average_precision": average_precision(counts),
    }


def probabilities(scores: Scores, true: NDArray[np.bool_]) -> dict[str, Any]:
    """Say how far scores are calibrated."""
    clipped = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
    loss = -np.where(true, np.log(clipped), np.log(1 - clipped)).sum()
    bins = []
    for low, high in pairwise(BINS):
        inside = (scores > low) & (scores <= high)
        if inside.any():
            share = {"mean": float(scores[inside].mean()), "true": float(true[inside].mean())}
            bins.append({"above": low, "to": high, "cells": int(inside.sum()), **share})
    return {
        "log_loss_per_pair": float(loss / true.sum()),
        "expected": float(scores.sum(dtype=np.float64)),
        "found": int(true.sum()),
        "reliability": bins,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Return a Markdown table."""
    lines = ["| scored by | recall@1 | recall@10 | AP | log loss | expected / true |"]
    lines.append("|---|---|---|---|---|---|")
    for row in rows:
        more = " | | |"
        if "found" in row:
            loss, sums = row["log_loss_per_pair"], f"{row['expected']:.0f} / {row['found']}"
            more = f" | {loss:.2f} | {sums} |"
        numbers = " | ".join(
            f"{row[name]:.3f}" for name in ("recall_at_1", "recall_at_10", "average_precision")
        )
        lines.append(f"| {row['way']} | {numbers}{more}")
    return "\n".join(lines)


def hidden_rows(
    model: harnn.FitResult, vectors: Scores, blend: Scores, scores: Scores, true: Any
) -> list[dict[str, Any]]:
    """Compare ways to score hidden labels."""
    by_name = model.ensemble.by_name
    assert by_name is not None
    hidden, hierarchy = by_name.columns, model.taxonomy.hierarchy
    keep = np.flatnonzero(true[:, hidden].sum(axis=0))
    hidden, marks = hidden[keep], true[:, hidden[keep]].toarray()
    names = by_name.vectors[by_name.siblings.own[keep]]
    cosine, mapped = similarities(vectors, names, by_name.relation.matrix)
    seen = blend.copy()
    seen[:, by_name.columns] = 0
    closed = hierarchy.lift(seen)
    parents = np.stack([closed[:, hierarchy.parents(x)].min(axis=1) for x in hidden], axis=1)
    chance = np.random.default_rng(1).random(cosine.shape, dtype=np.float32)
    rows = [judge("chance", chance, marks), judge("cosine of text and name", cosine, marks)]
    rows += [judge("map from texts to names (ESZSL)", mapped, marks)]
    rows += [judge("their parents alone", parents, marks)]
    for way, found in (("the blend, as without", blend), ("**by name**", scores)):
        own = found[:, hidden]
        rows.append(judge(way, own, marks) | probabilities(own, marks))
    return rows


def few_rows(
    model: harnn.FitResult, vectors: Scores, blend: Scores, true: Any
) -> list[dict[str, Any]]:
    """Compare ways to score labels with few training documents."""
    counts = model.label_counts.copy()
    few = (counts > 0) & (counts <= FEW)
    counts[few] = 0
    known, branch = model.ensemble.by_name, model.ensemble.branch("text_vectors")
    encoder = getattr(branch, "encoder")  # noqa: B009
    assert known is not None
    scored = ByName.of(known.relation, encoder.encode, model.taxonomy, counts).fill(blend, vectors)
    columns = np.flatnonzero(few & (true.sum(axis=0) > 0))
    marks, pair = true[:, columns].toarray(), (blend[:, columns], scored[:, columns])
    if not marks.any():
        return []
    odds = [np.log(x / (1 - x)) for x in (np.clip(each, 1e-7, 1 - 1e-7) for each in pair)]
    mean = np.asarray(1 / (1 + np.exp(-(odds[0] + odds[1]) / 2)), dtype=np.float32)
    ways = {"the blend": pair[0], "by name": pair[1], "the mean of both log odds": mean}
    return [judge(way, x, marks) | probabilities(x, marks) for way, x in ways.items()]


def main() -> None:
    """Read the options, train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_set")
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--layers", default="auto", help="as text.text_encoder_layers")
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--documents", type=int, help="of the training ones, the first so many")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    place = Path(os.environ.get("HARNN_DATA", "../shared/data")) / options.data_set
    taxonomy = harnn.Taxonomy.from_file(place / "taxonomy.tsv")
    most = {"train": options.documents, "valid": options.documents and options.documents // 4}
    files = {name: place / f"{name}.jsonl.gz" for name in ("train", "valid", "test")}
    given = {name: read(path, taxonomy, most.get(name)) for name, path in files.items()}
    counts = dict.fromkeys(taxonomy.codes, 0)
    for document in given["train"]:
        for label in document.labels or ():
            counts[label] += 1
    leaves = [x for x in taxonomy.hierarchy.leaves.tolist() if counts[taxonomy.codes[x]]]
    random = np.random.default_rng(options.seed)
    hidden = random.choice(leaves, int(len(leaves) * options.share), replace=False)
    codes = {taxonomy.codes[column] for column in hidden}
    config = Config.from_dict(
        {
            "model": {
                "preset": "fast",
                "text_vectors": "on",
                "leave_out": "off",
                "labels_without_examples": "on",
            },
            "text": {"text_encoder": options.encoder, "text_encoder_layers": options.layers},
            "training": {"seed": options.seed, "threads": 1},
        }
    )
    train, valid = (list(without(given[name], codes)) for name in ("train", "valid"))
    model = harnn.fit(taxonomy, train, valid, config, listener=tell, cache=options.cache)
    assert model.ensemble.by_name is not None
    plain = dataclasses.replace(model, ensemble=dataclasses.replace(model.ensemble, by_name=None))
    corpus = harnn.Predictor(model).encode_labelled(given["test"])
    blend = plain.ensemble.score(corpus).values
    started = time.process_time()
    scores = model.ensemble.filled(blend, corpus)
    seconds = time.process_time() - started
    true, vectors = csr_array(corpus.targets), corpus.views["text_vectors"]
    others = np.setdiff1d(np.arange(len(taxonomy)), model.ensemble.by_name.columns)
    lift = taxonomy.hierarchy.lift
    empty = blend.copy()
    empty[:, model.ensemble.by_name.columns] = 0
    same = (scores[:, others] == blend[:, others]).all()
    closed_same = (lift(scores)[:, others] == lift(empty)[:, others]).all()
    result = {
        "data_set": options.data_set,
        "encoder": options.encoder,
        "layers": options.layers,
        "training_documents": len(train),
        "hidden_labels": len(hidden),
        "labels_by_name": len(model.ensemble.by_name.columns),
        "test_documents": len(corpus),
        "held_out": model.ensemble.by_name.relation.held_out._asdict(),
        "weights": model.ensemble.by_name.relation.weights,
        "seen_labels_unchanged": bool(same and closed_same),
        "seconds_to_score_by_name": seconds,
        "cpu_seconds": cpu_seconds(),
        "hidden": hidden_rows(model, vectors, blend, scores, true),
        "few_documents": few_rows(model, vectors, blend, true),
    }
    print(table(result["hidden"]))
    if result["few_documents"]:
        print(f"\nLabels with 1 to {FEW} training documents:\n\n{table(result['few_documents'])}")
    shown = {name: value for name, value in result.items() if not isinstance(value, list)}
    print(json.dumps(shown, indent=1))
    if options.output is not None:
        with write_atomically(options.output) as file:
            file.write(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

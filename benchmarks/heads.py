"""What a head of a transformer brings, alone and beside the linear branch.

    python benchmarks/heads.py valueeval23 --tokens 64 --epochs 3 --head hierarchical [--frozen 6]

Trains preset ``fast`` with MiniLM on a data set of ``HARNN_DATA`` in one thread, and prints a row
for each epoch and for each blend: micro-F1, macro-F1 and AUPRC of the test documents, where blend
and threshold are fitted to the validation documents.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import harnn
from harnn.branches import Branch, Ensemble
from harnn.bundle import EpochRow
from harnn.config import Config
from harnn.corpus import Corpus, View
from harnn.decode import tune_decoder
from harnn.evaluation import report_scores
from harnn.training import Event, Stage


class Remembering:
    """A branch that scores each corpus once."""

    def __init__(self, inner: Branch) -> None:
        self.inner, self._found = inner, dict[int, NDArray[np.float32]]()

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def reads(self) -> Mapping[str, View | None]:
        return self.inner.reads

    def logits(self, corpus: Corpus) -> NDArray[np.float32]:
        if id(corpus) not in self._found:
            self._found[id(corpus)] = self.inner.logits(corpus)
        return self._found[id(corpus)].copy()


def tell(event: Event) -> None:
    """Print what is told, with the CPU seconds so far."""
    if isinstance(event, EpochRow):
        row = f"{event.auprc:.2%}, micro-F1 {event.micro_f1:.2%}"
        print(f"epoch {event.epoch}: validation AUPRC {row} [{time.process_time():,.0f} s]")
    elif isinstance(event, Stage):
        print(f"{event.message} [{time.process_time():,.0f} s]")


def main() -> None:
    """Read the options, train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_set")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--head", default="mean")
    parser.add_argument("--frozen", type=int, default=0)
    parser.add_argument("--cache")
    options = parser.parse_args()
    torch.set_num_threads(1)
    own = {"tokens": options.tokens, "epochs": options.epochs}
    tables: dict[str, Any] = {
        "model": {"preset": "fast", "transformer": "on", "text_vectors": "off", "leave_out": "off"},
        "training": {"seed": options.seed, "threads": 1},
        "transformer": own | {"head": options.head, "frozen_layers": options.frozen},
    }
    config = Config.from_dict(tables)
    place = Path(os.environ.get("HARNN_DATA", "../shared/data")) / options.data_set
    taxonomy = harnn.Taxonomy.from_file(place / "taxonomy.tsv")
    train, valid, test = (place / f"{name}.jsonl.gz" for name in ("train", "valid", "test"))
    result = harnn.fit(taxonomy, train, valid, config, listener=tell, cache=options.cache)
    print(f"trained [{time.process_time():,.0f} s]")
    predictor = harnn.Predictor(result)
    corpora = [predictor.encode_labelled(documents) for documents in (valid, test)]
    branches = {x.name: Remembering(x) for x in result.ensemble.branches}
    for names in (["transformer"], ["linear", "transformer"]):
        some: list[Any] = [branches[name] for name in names]
        counts = result.label_counts
        ensemble, scores = Ensemble.fit(some, corpora[0], taxonomy.hierarchy, label_counts=counts)
        decoder = tune_decoder(
            scores.values,
            corpora[0].targets,
            taxonomy.hierarchy,
            label_counts=counts,
            settings=config.decode,
        )
        report = report_scores(ensemble.score(corpora[1]), corpora[1].targets, decoder, taxonomy)
        row = f"{report.micro_f1:.2%} / {report.macro_f1:.2%} / {report.auprc:.2%}"
        print(f"{', '.join(names)}: {row}")


if __name__ == "__main__":
    main()

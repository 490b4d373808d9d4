"""Whether the words that an explanation names are those that the score rests on.

    python benchmarks/faithfulness.py MODEL --data test.jsonl.gz [--documents 50] [--output FILE]

For each predicted label the strongest words of an explanation, 1, 5, 10 and 20% of all, are taken
out of the text: the more the label's score falls, the better (comprehensiveness); or they alone are
kept: the less it falls, the better (sufficiency); as in DeYoung et al. 2020 (ACL, ERASER), means
over the four shares. Compared are ours, leaving each word out of all branches, the attention of
the network, integrated gradients of the network (Sundararajan et al. 2017) and words drawn at
random. Prints a Markdown table and writes JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray

import harnn
from harnn._files import write_atomically
from harnn.branches import Evidence
from harnn.branches.network.branch import NetworkBranch
from harnn.config import DataConfig
from harnn.corpus import Corpus, PlacedText
from harnn.data import Document, read_documents

SHARES = (0.01, 0.05, 0.10, 0.20)
STEPS = 16
"""Of the integral from a text of zeros to the text."""
EVERY_WORD = 1 << 30
MOST_CHARACTERS = 4_000


class Case(NamedTuple):
    """A document and the labels whose scores are to be explained."""

    document: Document
    placed: PlacedText
    corpus: Corpus
    columns: list[int]


Rank = Callable[[harnn.Predictor, Case], NDArray[np.float64]]
"""Returns how much each word speaks for each label, (labels, words)."""


def ours(predictor: harnn.Predictor, case: Case) -> NDArray[np.float64]:
    """Return what ``harnn explain`` says."""
    found = predictor.explain(case.document)
    by_label = {x.predicted.label: [word.effect for word in x.weights] for x in found.labels}
    codes = [predictor.taxonomy.codes[column] for column in case.columns]
    return np.array([by_label[code] for code in codes], dtype=np.float64)


def leave_one_out(predictor: harnn.Predictor, case: Case) -> NDArray[np.float64]:
    """Ask all branches about each word."""
    with ExitStack() as stack:
        for branch in predictor.bundle.ensemble.branches:
            every = mock.patch.object(type(branch), "explain", return_value=Evidence(EVERY_WORD))
            stack.enter_context(every)
        return ours(predictor, case)


def attention(predictor: harnn.Predictor, case: Case) -> NDArray[np.float64]:
    """Return where the network looked."""
    found = _network(predictor).explain(case.corpus, 0).attention
    assert found is not None
    return found[case.columns].astype(np.float64)


def integrated_gradients(predictor: harnn.Predictor, case: Case) -> NDArray[np.float64]:
    """Return the effects of word vectors along the way from zeros to the text."""
    (network, *_) = _network(predictor).networks
    ids = torch.from_numpy(case.corpus.tokens.row(0).astype(np.int64))[None]
    vectors = network.embedding(ids).detach()
    lengths = torch.tensor([ids.shape[1]])
    total = torch.zeros(len(case.columns), ids.shape[1])
    for step in range(STEPS):
        part = (vectors * ((step + 0.5) / STEPS)).requires_grad_()
        with mock.patch.object(network.embedding, "forward", return_value=part):
            logits = torch.logit(network.scores(network(ids, lengths)), eps=1e-6)[0]
        for row, column in enumerate(case.columns):
            (slope,) = torch.autograd.grad(logits[column], part, retain_graph=True)
            total[row] += (slope * vectors).sum(dim=2)[0] / STEPS
    return total.numpy().astype(np.float64)


def at_random(predictor: harnn.Predictor, case: Case) -> NDArray[np.float64]:  # noqa: ARG001
    """Return numbers that have nothing to do with the text."""
    seed = [len(case.placed.text), *case.columns]
    return np.random.default_rng(seed).random((len(case.columns), len(case.placed.spans)))


METHODS: dict[str, Rank] = {
    "harnn": ours,
    "leave one out": leave_one_out,
    "attention": attention,
    "integrated gradients": integrated_gradients,
    "random": at_random,
}


def _network(predictor: harnn.Predictor) -> NetworkBranch:
    branch = predictor.bundle.ensemble.branch("network")
    if not isinstance(branch, NetworkBranch):
        raise SystemExit("Expected a model with a network that was not exported.")
    return branch


def cases(predictor: harnn.Predictor, documents: Sequence[Document]) -> Iterator[Case]:
    """Yield documents for which labels are predicted."""
    for document in documents:
        corpus = predictor._encode([document], answered=True, explained=True)
        (answer,) = predictor.predict([document])
        columns = [predictor.taxonomy.index[x.label] for x in answer.labels]
        placed = corpus.views["placed_texts"][0]
        if columns and placed.spans and len(placed.text) <= MOST_CHARACTERS:
            yield Case(document, placed, corpus, columns)


def changed_texts(placed: PlacedText, effects: NDArray[np.float64]) -> Iterator[tuple[str, str]]:
    """Yield for each share the text without its strongest words, and these alone."""
    order = np.argsort(-effects, kind="stable")
    for share in SHARES:
        chosen = np.zeros(len(placed.spans), dtype=bool)
        chosen[order[: max(1, round(share * len(order)))]] = True
        left, kept, place = [], [], 0
        for (start, end), strong in zip(placed.spans, chosen.tolist(), strict=True):
            if strong:
                left.append(placed.text[place:start])
                kept.append(placed.text[start:end])
                place = end
        yield " ".join([*left, placed.text[place:]]), " ".join(kept)


def measure(predictor: harnn.Predictor, documents: Sequence[Document]) -> dict[str, object]:
    """Return by method comprehensiveness, sufficiency and milliseconds a document."""
    falls: dict[str, list[tuple[float, float]]] = {name: [] for name in METHODS}
    seconds = dict.fromkeys(METHODS, 0.0)
    labels = count = words = 0
    for case in cases(predictor, documents):
        count, labels = count + 1, labels + len(case.columns)
        words += len(case.placed.spans)
        asked: list[tuple[str, int, int, int]] = []  # method, label, share, text without
        texts: list[str] = []
        for name, rank in METHODS.items():
            started = time.process_time()
            effects = rank(predictor, case)
            seconds[name] += time.process_time() - started
            for row, column in enumerate(case.columns):
                for share, pair in enumerate(changed_texts(case.placed, effects[row])):
                    asked.append((name, column, share, len(texts)))
                    texts += pair
        scores = predictor.scores([case.placed.text, *texts]).values
        for name, column, _, place in asked:
            without, alone = (scores[0, column] - scores[1 + place + n, column] for n in (0, 1))
            falls[name].append((float(without), float(alone)))
    rows = {
        name: {
            "comprehensiveness": float(np.mean([x for x, _ in pairs])),
            "sufficiency": float(np.mean([x for _, x in pairs])),
            "milliseconds": 1000 * seconds[name] / count,
        }
        for name, pairs in falls.items()
    }
    return {"documents": count, "labels": labels, "words": words / count, "methods": rows}


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=50)
    parser.add_argument("--output", type=Path)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    predictor = harnn.Predictor.load(chosen.model)
    predictor.tune_process()
    stream = read_documents([chosen.data], predictor.bundle.config.data or DataConfig())
    found = measure(predictor, list(islice(stream, chosen.documents)))
    print(f"{found['documents']} documents, {found['labels']} labels, {found['words']:.0f} words\n")
    print("| method | comprehensiveness | sufficiency | CPU ms a document |\n|---|---|---|---|")
    methods: dict[str, dict[str, float]] = found["methods"]  # type: ignore[assignment]
    for name, row in methods.items():
        print(
            f"| {name} | {row['comprehensiveness']:.3f} | {row['sufficiency']:.3f} | "
            f"{row['milliseconds']:.0f} |"
        )
    if chosen.output:
        with write_atomically(chosen.output) as file:
            json.dump({"model": str(chosen.model.name), **found}, file, indent=1)


if __name__ == "__main__":
    main()

"""One measurement in a process of its own; prints one line of JSON at the end."""

from __future__ import annotations

import argparse
import dataclasses
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harnn.corpus import Corpus, Tokens
from speed import naive
from speed.shapes import ARXIV, DATA, Shape, find_shape

ROUNDS = 5
WIDTH = 10
"""Labels of a level whose children attend to a document, in a beam."""


def median_rate(work: Callable[[], int], rounds: int = ROUNDS) -> float:
    """Things per second that *work* says it did: the median of some rounds after one more."""
    rates = []
    for number in range(rounds + 1):
        started = time.perf_counter()
        count = work()
        if number:
            rates.append(count / (time.perf_counter() - started))
    return statistics.median(rates)


def ceilings(threads: int) -> dict[str, float]:
    """Matrix products (GFLOP/s) and memory copies (GB/s)."""
    torch.set_num_threads(threads)
    size = 4_096
    found = {}
    for name, dtype, precision in (
        ("float32", torch.float32, "highest"),
        ("float32_medium", torch.float32, "medium"),
        ("bfloat16", torch.bfloat16, "medium"),
    ):
        torch.set_float32_matmul_precision(precision)
        a, b = (torch.randn(size, size).to(dtype) for _ in range(2))
        out = torch.empty(size, size, dtype=dtype)
        found[name] = 2 * size**3 / 1e9 * median_rate(lambda: len(torch.mm(a, b, out=out)[:1]))  # noqa: B023
    source = torch.zeros(64 << 20)
    target = torch.empty_like(source)
    found["copy"] = source.nbytes * 2 / 1e9 * median_rate(lambda: len(target.copy_(source)[:1]))
    return found


def build_naive(shape: Shape) -> naive.NaiveHarnn:
    torch.manual_seed(0)
    return naive.NaiveHarnn(shape.words, shape.level_sizes, **shape.sizes)


def naive_batches(shape: Shape, documents: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    corpus = shape.corpus(documents)
    rows = [corpus.tokens.row(row) for row in range(documents)]
    targets = corpus.targets.toarray().astype(np.float32)
    return list(naive.batches(rows, targets, range(documents)))


def train_naive(shape: Shape, threads: int, documents: int) -> dict[str, float]:
    torch.set_num_threads(threads)
    network = build_naive(shape).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    batches = naive_batches(shape, documents)

    def work() -> int:
        for token_ids, targets in batches:
            naive.train_step(network, optimizer, token_ids, targets)
        return documents

    return {"documents_per_second": median_rate(work)}


def predict_naive(shape: Shape, threads: int, documents: int) -> dict[str, float]:
    torch.set_num_threads(threads)
    network = build_naive(shape).eval()
    batches = naive_batches(shape, documents)

    def work() -> int:
        with torch.no_grad():
            return sum(len(network.scores(token_ids)) for token_ids, _ in batches)

    return {"documents_per_second": median_rate(work)}


def build_network(shape: Shape) -> Any:
    from harnn.network import HarnnNetwork, NetworkShape

    torch.manual_seed(0)
    return HarnnNetwork(
        NetworkShape(
            mode="harnn",
            vocabulary_size=shape.words,
            level_sizes=shape.level_sizes,
            dropout=0.5,
            embedding_dropout=0.3,
            alpha=0.5,
            **shape.sizes,
        )
    )


def build_trainer(shape: Shape, corpus: Corpus, threads: int, **settings: Any) -> Any:
    from harnn.config import Config, TrainingConfig
    from harnn.network import tune_process
    from harnn.training.loop import Trainer
    from harnn.training.plan import TrainingFacts, sampled_labels

    tune_process(threads)
    training = TrainingConfig(epochs=100, batch_size=shape.batch_size, **settings)
    facts = TrainingFacts(
        documents=len(corpus),
        tokens=len(corpus.tokens.ids),
        vocabulary=shape.words,
        level_sizes=shape.level_sizes,
    )
    negatives = sampled_labels(Config(training=training), facts)
    config = dataclasses.replace(training, negatives=negatives)
    return Trainer(build_network(shape), shape.taxonomy, config)


def train_ours(shape: Shape, threads: int, documents: int, **settings: Any) -> dict[str, float]:
    """Epochs of our own trainer; the share of the time that waits for batches is reported too."""
    corpus = shape.corpus(documents)
    trainer = build_trainer(shape, corpus, threads, **settings)
    waiting = 0.0
    make_batch = trainer._batch

    def timed(*arguments: Any) -> Any:
        nonlocal waiting
        started = time.perf_counter()
        batch = make_batch(*arguments)
        waiting += time.perf_counter() - started
        return batch

    trainer._batch = timed
    started = 0.0

    def work() -> int:
        nonlocal started
        started = started or time.perf_counter()
        trainer.progress.start_epoch()
        trainer._train_epoch(corpus, lambda: False)
        trainer.progress.epoch += 1
        return documents

    rate = median_rate(work)
    return {
        "documents_per_second": rate,
        "step_seconds": shape.batch_size / rate,
        "waiting": waiting / (time.perf_counter() - started),
        "operations": 3 * operations(shape, corpus.tokens.lengths.mean()),
        "bfloat16": trainer.fabric._precision.precision == "bf16-mixed",
    }


def export_network(network: Any, how: str) -> bytes:
    """Return the graph for ``onnx`` or ``onnx-int8``."""
    from harnn.branches.network.graph import network_graph
    from harnn.branches.onnx_graph import quantize

    graph = network_graph(network)
    return quantize(graph) if how == "onnx-int8" else graph


def operations(shape: Shape, tokens: float) -> float:
    """Floating-point operations of a document in the forward pass: the matrix products."""
    sizes = shape.sizes
    e, h, a, f = (
        sizes["embedding_size"],
        sizes["lstm_size"],
        sizes["attention_size"],
        sizes["fc_size"],
    )
    lstm = 2 * 4 * h * (e + h)
    attention = sum(2 * h * a + labels * (a + 2 * h) for labels in shape.level_sizes)
    heads = sum(6 * h * f + labels * f for labels in shape.level_sizes)
    whole = f * (len(shape.level_sizes) * f + 2 * f + shape.labels)
    return 2 * (tokens * (lstm + attention) + heads + whole)


def predict_ours(shape: Shape, threads: int, documents: int, how: str) -> dict[str, float]:
    from harnn.branches.network import OnnxNetwork
    from harnn.branches.network.scoring import score_corpus
    from harnn.network import Beam, tune_process

    tune_process(threads)
    network = build_network(shape).eval()
    corpus = shape.corpus(documents)
    found: dict[str, float] = {}
    if how.startswith("onnx"):
        graph = export_network(network, how)
        found["megabytes"] = len(graph) / 1e6
        light = OnnxNetwork(graph, level_sizes=shape.level_sizes, threads=threads)
        rate = median_rate(lambda: len(light.score(corpus)))
    else:
        beam = Beam(shape.taxonomy.hierarchy, WIDTH) if how == "beam" else None
        bfloat16 = how == "torch-bfloat16"
        rate = median_rate(lambda: len(score_corpus(network, corpus, beam=beam, bfloat16=bfloat16)))
    return found | {
        "documents_per_second": rate,
        "operations": operations(shape, corpus.tokens.lengths.mean()),
    }


def latency(shape: Shape, how: str) -> dict[str, float]:
    """Milliseconds of the network for one document, one thread."""
    from harnn.branches.network import OnnxNetwork

    torch.set_num_threads(1)
    network = build_network(shape).eval()
    corpus = shape.corpus(300)
    calls: list[Callable[[], object]]
    if how == "torch":
        from harnn.branches.network.scoring import score_corpus

        calls = [partial(score_corpus, network, _only(corpus, row)) for row in range(300)]
    else:
        from harnn.corpus import pad_tokens

        graph = export_network(network, how)
        light = OnnxNetwork(graph, level_sizes=shape.level_sizes, threads=1)
        padded = [pad_tokens(corpus.tokens, np.array([row])) for row in range(300)]
        calls = [partial(light.run, *part) for part in padded]
    milliseconds = []
    for number, call in enumerate([*calls[:30], *calls]):
        started = time.perf_counter()
        call()
        if number >= 30:
            milliseconds.append(1e3 * (time.perf_counter() - started))
    return {
        "p50_ms": float(np.percentile(milliseconds, 50)),
        "p99_ms": float(np.percentile(milliseconds, 99)),
    }


def _only(corpus: Corpus, row: int) -> Corpus:
    ids = corpus.tokens.row(row)
    tokens = Tokens(ids, offsets=np.array([0, len(ids)]), full_lengths=np.array([len(ids)]))
    targets: Any = corpus.targets
    return Corpus((corpus.ids[row],), targets[[row]], {"tokens": tokens})


def reading(name: str) -> dict[str, float]:
    """Seconds from the training documents of a dataset to arrays, and from a cache."""
    from harnn.config import Config
    from harnn.corpus import ArrayCache
    from harnn.taxonomy import Taxonomy
    from harnn.training.reader import Reader

    home = DATA / name
    taxonomy = Taxonomy.from_file(home / "taxonomy.tsv")
    # Networks read tokens alone: no n-grams are counted on the way.
    config, source = Config.read(settings=["model.branches=network"]), home / "train.jsonl.gz"
    with tempfile.TemporaryDirectory() as folder:
        plain = Reader(taxonomy, config, lambda _event: None, lambda: False)
        cached = dataclasses.replace(plain, cache=ArrayCache(Path(folder)))
        started = time.perf_counter()
        tokenizer, _ = plain.count(source)
        found = {"vocabulary_seconds": time.perf_counter() - started}
        for what, reader in (("plain", plain), ("first", cached), ("again", cached)):
            started = time.perf_counter()
            corpus = reader.encode(source, "train", tokenizer, {}).corpus
            found[f"{what}_seconds"] = time.perf_counter() - started
        return found | {"documents": len(corpus), "tokens": len(corpus.tokens.ids)}


def profile(shape: Shape, threads: int, documents: int) -> dict[str, Any]:
    """Where the time of training goes, in percent."""
    corpus = shape.corpus(documents)
    trainer = build_trainer(shape, corpus, threads)
    trainer._train_epoch(corpus, lambda: False)
    trainer.progress.start_epoch()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as found:
        trainer._train_epoch(corpus, lambda: False)
    rows = [(row.key, row.self_cpu_time_total) for row in found.key_averages()]
    total = sum(taken for _, taken in rows)
    rows.sort(key=lambda row: -row[1])
    return {"profile": {name: 100 * taken / total for name, taken in rows[:12]}}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what")
    parser.add_argument("--shape", default="arxiv-cat")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--documents", type=int, default=512)
    parser.add_argument("--how", default="")
    parser.add_argument("--settings", type=json.loads, default={})
    chosen = parser.parse_args()
    shape = ARXIV if chosen.what == "reading" else find_shape(chosen.shape)
    many = (shape, chosen.threads, chosen.documents)
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "ceilings": lambda: ceilings(chosen.threads),
        "train-naive": lambda: train_naive(*many),
        "train": lambda: train_ours(*many, **chosen.settings),
        "predict-naive": lambda: predict_naive(*many),
        "predict": lambda: predict_ours(*many, chosen.how),
        "latency": lambda: latency(shape, chosen.how),
        "reading": lambda: reading(chosen.shape),
        "profile": lambda: profile(*many),
    }
    found = measures[chosen.what]()
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))


if __name__ == "__main__":
    main()

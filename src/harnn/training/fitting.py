"""From documents to a trained model: ``fit``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np

from harnn._scratch import scratch_in
from harnn.branches import Branch, Ensemble, Probable
from harnn.bundle import Bundle, History, contents_of_fixes
from harnn.config import Config
from harnn.corpus import ArrayCache, NgramsView
from harnn.data import Documents
from harnn.decode import tune_decoder
from harnn.errors import ConfigError, TrainingInterrupted
from harnn.evaluation import report_labels
from harnn.languages import EnglishSigns
from harnn.metrics import TrainingCounts
from harnn.taxonomy import Taxonomy
from harnn.text import Coverage
from harnn.training.checkpoint import FILE, Checkpoints
from harnn.training.checks import check_before
from harnn.training.events import Finished, Listener, Stage, Started, as_listener, ignore
from harnn.training.going_on import (
    changes_of,
    counts_of,
    decode_settings,
    documents_of,
    keep_branch,
    label_counts_of,
    origins_of,
    provenance_of,
    read_on,
    settle_start,
)
from harnn.training.holding_out import Given, check_share, gather_documents
from harnn.training.labels_by_name import (
    keep_few_by_name,
    needed_branches,
    score_by_name,
    with_thresholds_by_name,
)
from harnn.training.old_model import Init, OldModel, encoder_checkpoint
from harnn.training.plan import TrainingFacts, TrainingPlan, piece_sizes
from harnn.training.process import interruptible, stop_requests, stops_at_once
from harnn.training.progress import Selection
from harnn.training.ranks import Ranks
from harnn.training.reader import Reader
from harnn.training.reference import reference_of
from harnn.training.task import (
    Handover,
    Task,
    TrainedBranch,
    check_document_vectors,
    with_views,
)
from harnn.training.train_linear import train_linear

Trainer = Callable[[Task], TrainedBranch | None]
"""Trains a branch; None: it cannot be had here."""


def _with_torch(module: str) -> Trainer:
    """Return the function of a module that has its name, which is imported when it is called."""

    def train(task: Task) -> TrainedBranch | None:
        trainer: Trainer = getattr(import_module(f"harnn.training.{module}"), module)
        return trainer(task)

    return train


TRAINERS: dict[str, Trainer] = {
    "linear": train_linear,
    "text_vectors": _with_torch("train_text_vectors"),
    "document_vectors": _with_torch("train_document_vectors"),
    "network": _with_torch("train_network"),
    "transformer": _with_torch("train_transformer"),
}
"""What trains each kind of branch, what takes least first."""
_SHARED = ("network", "transformer")
"""What several processes train together."""
_SAMPLED_TEXTS = 1_000


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FitResult(Bundle):
    """A trained model that is not saved yet."""

    coverage: Coverage | None = None
    """Of the word vectors; None for random ones and after resuming."""


def fit(
    taxonomy: Taxonomy | None,
    train: Documents,
    valid: Documents | float,
    config: Config | None = None,
    *,
    unlabelled: Documents = (),
    checkpoint_directory: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    cache: str | Path | None = None,
    scratch: str | Path | None = None,
    listener: Listener | Sequence[Listener] = ignore,
    selection: Selection | None = None,
    segment: Callable[[str], Sequence[str]] | None = None,
    init: Init | None = None,
    corrections: Documents = (),
    ranks: Ranks | None = None,
    address: str | None = None,
) -> FitResult:
    """Train on *train*; choose the best epoch, the blend and the thresholds on *valid*.

    Where *valid* is a number, such as 0.2, that share of the training documents is held out for it,
    stratified by labels, the same for the same documents and ``training.seed``.

    The linear branch comes first, in seconds; then the networks; then what each level makes of
    both. *unlabelled* adds text to the training of word vectors. With a *checkpoint_directory*,
    training can be interrupted and resumed bit for bit: the networks at the step where they were
    stopped, and word vectors and other branches where they were finished. With *resume* a run that
    was stopped before anything was finished starts from the beginning, and with *overwrite* beside
    it one whose checkpoint is of another training does too. In the directory *cache* the documents'
    tokens, vectors of whole texts and states of an encoder that stays as it is are kept for
    trainings to come, and read as memory-mapped files. Arrays too large for memory, as of a million
    documents, stand meanwhile in nameless files in the directory *scratch*, by default in the cache
    or else where the checkpoint is. *segment* cuts a text into words in place of
    ``text.segmenter``; then tokens are not kept. The random state of the process is left as it was.

    With *init*, a model or its directory, training goes on from its weights, with its words,
    encoders and taxonomy (*taxonomy* may be None) as ``continuing`` says, and ``changes`` of the
    result tells how the new model differs. *corrections* are documents with the labels that they
    should have: each stands in the place of the training document of the same id, or of the
    validation document, or is added to those for training, which may then be none (``[]``) where
    there is a model to go on from.

    *listener*, one or several, is told of every step, epoch and branch: see docs/tracking.md. What
    it raises ends the training. *selection* takes a :class:`harnn.training.ValidatedEpoch` and
    returns a number: the epoch of a network or encoder with the highest is kept, and patience
    counts from it, in place of ``training.score``.

    *ranks* share the batches of networks among processes; this one leads them. None: it is alone.
    *address* is that of a Ray cluster, which trains the labels of the linear branch.

    Raises:
        DocumentError: documents cannot be read, have unknown labels, or none at all, or have no
            vector in ``model.document_vectors``.
        ConfigError: settings do not fit each other, the machine or the checkpoint, or the training
            diverged.
        VectorsError: ``text.vectors`` names a file that is none of word vectors.
        MissingExtraError: something that settings or files need is not installed.
        BundleError: a network's checkpoint is damaged.
        TrainingInterrupted: Ctrl-C, SIGTERM or SIGHUP, after the checkpoint was written.
        RankLostError: likewise, because one of *ranks* ended.
        CallableError: *listener* or *selection* failed.
        TaxonomyError: *taxonomy* is not that of *init*.
        InputError: *cache* is a file or a directory of something else, or a place cannot be
            written or has no room; several of these mistakes.
    """
    directory = Path(checkpoint_directory) if checkpoint_directory is not None else None
    check_share(valid)
    listener = as_listener(listener)
    old = None if init is None else OldModel.open(init, segment=segment)
    taxonomy, config = settle_start(old, taxonomy, config, unlabelled)
    check_before(
        config,
        [train, corrections, *([] if isinstance(valid, float) else [valid])],
        unlabelled=unlabelled,
        places=[] if directory is None else [directory / FILE],
        own_segmenter=segment is not None,
        goes_on=old is not None,
        ranks=ranks,
        on_ray=address is not None,
    )
    with scratch_in(scratch, otherwise=_near(cache or directory)):
        networks = encoder_checkpoint(config.model, old) + (config.model.transformer != "off")
        checkpoints = Checkpoints.open(directory, resume=resume, networks=networks)
        if resume and not checkpoints.anything:
            listener(Stage(f"there is no checkpoint in {directory}: starting from the beginning"))
        kept = ArrayCache(Path(cache)) if cache is not None else None
        with stop_requests() as stopped:
            reader = Reader(taxonomy, config, listener, stopped, segment=segment, cache=kept)
            try:
                given = gather_documents(reader, train, valid, corrections)
                task = _read(reader, given, checkpoints, unlabelled, old)
                task = replace(task, ranks=ranks or Ranks(), address=address, selection=selection)
                task = _settled(task, overwrite=overwrite)
                checkpoints = task.checkpoints
                listener(_started(task))
                trained = _train(task)
            except InterruptedError:
                raise checkpoints.interrupted() from None
            except TrainingInterrupted as stop:
                raise checkpoints.interrupted(
                    stop.checkpoint, stop.step, cause=stop.cause
                ) from None
        stopped_at = next((x.stopped_at for x in trained if x.stopped_at[1]), (None, 0))
        if stopped():
            raise checkpoints.interrupted(*stopped_at)
        try:
            with stops_at_once():
                made = _finish(task, trained)
                listener(Finished(made))
                return made
        except KeyboardInterrupt:
            raise checkpoints.interrupted(*stopped_at) from None


def _near(place: str | Path | None) -> Path | None:
    """Return a directory that is there already, that place or one above it."""
    if place is None:
        return None
    path = Path(place).absolute()
    return next(each for each in (path, *path.parents) if each.is_dir())


def _settled(task: Task, *, overwrite: bool) -> Task:
    """Settle what is gone on from, and remove all other checkpoints.

    Raises:
        ConfigError: a checkpoint is of another training, and is not to be overwritten.
    """
    try:
        task.checkpoints.check(task.fingerprint)
    except ConfigError:
        if not overwrite:
            raise
        what = "the checkpoint is of another training: starting from the beginning"
        task.listener(Stage(what))
        task = replace(task, checkpoints=Checkpoints(task.checkpoints.directory))
    task.checkpoints.clear()
    return task


def _started(task: Task) -> Started:
    return Started(
        config=task.config,
        taxonomy=task.taxonomy,
        documents=counts_of(task),
        contents={name: split.content for name, split in task.splits.items()},
    )


def _train(task: Task) -> list[TrainedBranch]:
    """Train all branches.

    Raises:
        InterruptedError, TrainingInterrupted: a stop was asked for.
    """
    planned = task.plan.branches
    _start_ranks(task)
    if task.plan.no_text_vectors:
        task.listener(Stage(task.plan.no_text_vectors))
    if task.plan.no_transformer:
        task.listener(Stage(task.plan.no_transformer))
    if "network" in planned and task.checkpoints.of(0) is None:
        _ = task.vectors  # whether they can be read is known before anything is trained
    if "document_vectors" in planned:
        check_document_vectors(task)
    trainers = {name: trainer for name, trainer in TRAINERS.items() if name in planned}
    if task.old is not None and not task.config.continuing.epochs:
        return [keep_branch(task, name) for name in trainers]
    made = [trainer(task) for trainer in trainers.values()]
    return [each for each in made if each is not None]


def _start_ranks(task: Task) -> None:
    """Start the other processes, while this one trains what they have no share in."""
    ranks = task.ranks
    if ranks.alone:
        return
    shared = [name for name in task.plan.branches if name in _SHARED]
    if ranks.have_cores:
        encoder = task.plan.text_encoder
        also = ["linear", *(["text_vectors"] if encoder is not None and encoder.is_bert else [])]
        shared = [*(name for name in also if name in task.plan.branches), *shared]
    learns = task.old is None or task.config.continuing.epochs
    if shared and learns:
        ranks.start()
        what = f"share the training of {', '.join(shared)}"
    else:
        what = "were asked for, but there is nothing that they share: one does everything"
    task.listener(Stage(f"{ranks.count:,} processes {what}"))


def _finish(task: Task, trained: list[TrainedBranch]) -> FitResult:
    """Blend what was trained and tune the decoder, on the validation documents."""
    config, hierarchy = task.config, task.taxonomy.hierarchy
    task.listener(Stage("fitting the blend and the thresholds to the validation documents"))
    label_counts = label_counts_of(task)
    valid_corpus = with_views(task.valid.corpus, trained)
    ensemble, scores = Ensemble.fit(
        [each.branch for each in trained],
        valid_corpus,
        hierarchy,
        label_counts=label_counts,
        blended=not _answers_alone(config, trained),
        cascaded=config.model.cascade == "auto",
        leave_out=config.model.leave_out == "auto",
        needed=needed_branches(task),
    )
    for branch in ensemble.left_out:
        task.listener(Stage(f"left out: {branch.describe()} (model.leave_out=off keeps it)"))
    if config.model.cascade == "auto":
        task.listener(Stage(_told(ensemble)))
    ensemble = score_by_name(task, trained, ensemble, valid_corpus, scores, label_counts)
    for each in trained:
        each.finish()
    decoder = tune_decoder(
        scores.values,
        valid_corpus.targets,
        hierarchy,
        label_counts=label_counts,
        settings=decode_settings(task),
    )
    decoder = with_thresholds_by_name(decoder, ensemble)
    ensemble, scores = keep_few_by_name(task, ensemble, decoder, scores, valid_corpus)
    counts = TrainingCounts(label_counts, documents_of(task))
    report, quality = report_labels(
        scores, valid_corpus.targets, decoder, task.taxonomy, training=counts
    )
    made = FitResult(
        ensemble=ensemble,
        taxonomy=task.taxonomy,
        tokenizer=task.tokenizer,
        config=config,
        decoder=decoder,
        contents=_contents(task, trained),
        provenance=provenance_of(task),
        history=next((x.history for x in trained if x.history.rows), History()),
        report=report,
        label_counts=label_counts,
        quality=quality,
        documents=counts_of(task),
        coverage=next((x.coverage for x in trained if x.coverage is not None), None),
        summaries=tuple(_summary_of(branch, trained) for branch in ensemble.branches),
        changes=changes_of(task, ensemble, decoder, scores, valid_corpus),
    )
    reference = reference_of(made, task.valid.given, scores, valid_corpus)
    if reference is None:
        task.listener(Stage("the validation documents changed: no figures of them are kept"))
    return replace(made, reference=reference)


def _read(
    reader: Reader,
    given: Given,
    checkpoints: Checkpoints,
    unlabelled: Documents,
    old: OldModel | None,
) -> Task:
    """Read the documents as the training or the old model counts and encodes them."""
    if old is None:
        return _read_anew(reader, given, checkpoints, unlabelled)
    return read_on(reader, given, checkpoints, old)


def _read_anew(
    reader: Reader, given: Given, checkpoints: Checkpoints, unlabelled: Documents
) -> Task:
    """Read the training documents once to count and once to encode, then those for validation."""
    taxonomy = reader.taxonomy
    reader.listener(Stage("reading the training documents"))
    # The tokenizer's library reads them in threads of its own, where no signal is answered.
    tokenizer, counter = interruptible(partial(reader.count, given.train), reader.stopped)
    ngrams, words, signs = None, 0, EnglishSigns()
    if counter is not None:
        most = reader.config.text.max_length  # as is read of each for all else: one is no outlier
        words = counter.words_of_texts(most)
        signs.add(counter.counts())
        sizes = piece_sizes(counter.mean_words(_SAMPLED_TEXTS, most))
        for name in taxonomy.names:  # each one more document of its label
            counter.add(name)
        ngrams = interruptible(partial(counter.finish, piece_sizes=sizes), reader.stopped)
    views = {} if ngrams is None else {"ngrams": NgramsView(ngrams[0])}
    train = reader.encode(given.train, "train", tokenizer, {})
    valid = reader.encode(given.valid, "valid", tokenizer, views)
    if counter is None:
        counts = np.bincount(train.corpus.tokens.ids, minlength=len(tokenizer.words))
        signs.add(zip(map(str.lower, tokenizer.words[2:]), counts[2:].tolist(), strict=True))
    facts = TrainingFacts(
        documents=len(train.corpus),
        tokens=len(train.corpus.tokens.ids) if "tokens" in train.corpus.views else words,
        vocabulary=len(tokenizer.words),
        level_sizes=taxonomy.hierarchy.level_sizes,
        english=signs.are_seen,
    )
    counted = None if ngrams is None else Handover(ngrams)
    del ngrams  # whoever takes it shall be the last who holds it
    plan = TrainingPlan.of(reader.config, facts)
    return Task(
        reader,
        tokenizer,
        train,
        valid,
        facts,
        plan,
        counted,
        checkpoints,
        unlabelled,
        corrections=given.corrections,
    )


def _contents(task: Task, trained: Sequence[TrainedBranch]) -> dict[str, str]:
    contents = {name: split.content for name, split in task.splits.items()}
    for each in trained:
        contents |= each.contents
    return contents | contents_of_fixes(task.config.data) | origins_of(task)


def _told(ensemble: Ensemble) -> str:
    """Say which documents the dear branches read."""
    if ensemble.cascade is None:
        return "no cascade: every branch reads all documents"
    late = [x.name for x in ensemble.branches if x.name not in ensemble.cascade.blend.branches]
    share = f"{ensemble.cascade.share:.0%} of the validation documents"
    return f"a cascade: {share} are answered without {' and '.join(late)}"


def _summary_of(branch: Branch, trained: Sequence[TrainedBranch]) -> str:
    return next(each.summary for each in trained if each.branch is branch)


def _answers_alone(config: Config, trained: Sequence[TrainedBranch]) -> bool:
    """Whether the model is the paper's: one network, whose own scores are the answer."""
    single = len(trained) == 1 and isinstance(trained[0].branch, Probable)
    return config.model.mode == "paper" and single and config.model.members == 1

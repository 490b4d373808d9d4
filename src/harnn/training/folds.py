"""Cross-validation: how good models of this kind are, and scores of models that saw no answer.

Documents are divided into folds in which every label has its share. For each fold a model is
trained on the others and answers for it, so that in the end every document has scores of a model
that was neither trained nor tuned on it: what likely label errors are told from.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from harnn._memory import physical_memory
from harnn._scratch import blank
from harnn.branches.document_vectors.bringing import with_document_vectors
from harnn.bundle import CHECKPOINTS, Bundle, load_bundle, save_bundle
from harnn.config import Config
from harnn.corpus import encode_corpus
from harnn.data import Documents, DocumentsPart, ReadingLog, labelled_documents
from harnn.data.split import divide_into_folds
from harnn.decode import Scores
from harnn.errors import ConfigError, Problem
from harnn.evaluation import OutOfFold, report_scores
from harnn.evaluation.out_of_fold import save_out_of_fold, write_folds_json
from harnn.metrics import Report, TrainingCounts
from harnn.taxonomy import Taxonomy
from harnn.training.checks import check_before
from harnn.training.events import Listener, Part, Stage, as_listener, ignore, remarks_once
from harnn.training.finished import holds_finished
from harnn.training.fitting import fit
from harnn.training.folds_place import FoldsPlace
from harnn.training.holding_out import check_share, tell

HELD_OUT = 0.1
"""Share of the documents of the other folds that a model is validated on, unless told."""
_REMARKABLE = 100_000_000
"""Bytes of scores from which on their size is told."""


class Spread(NamedTuple):
    """A number over all folds, or seeds."""

    mean: float
    deviation: float
    """The standard deviation between them, with n - 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossValidation:
    """What models of K folds say of the documents that they were not trained on."""

    out_of_fold: OutOfFold
    reports: tuple[Report, ...]
    """One a fold, each on the documents of that fold alone."""

    def summary(self) -> dict[str, Spread]:
        """Return mean and standard deviation of every number that all reports have, by name."""
        return summarise(self.reports)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "summary": {name: each._asdict() for name, each in self.summary().items()},
            "reports": [report.to_dict() for report in self.reports],
        }


def summarise(reports: Sequence[Report]) -> dict[str, Spread]:
    """Return mean and standard deviation of every number that two or more reports have, by name."""
    every = [numbers_of(report) for report in reports]
    shared = [name for name in every[0] if all(name in each for each in every)]
    return {name: _spread([each[name] for each in every]) for name in shared}


def numbers_of(report: Report) -> dict[str, float]:
    """Return all single numbers of a report by name."""
    return dict(_numbers(report))


def cross_validate(
    taxonomy: Taxonomy,
    documents: Documents,
    config: Config | None = None,
    *,
    folds: int = 5,
    valid: Documents | float = HELD_OUT,
    directory: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    unlabelled: Documents = (),
    cache: str | Path | None = None,
    listener: Listener | Sequence[Listener] = ignore,
    segment: Callable[[str], Sequence[str]] | None = None,
) -> CrossValidation:
    """Train a model for each fold on the others, and let it answer for the fold.

    valid: what each model is validated on, or the share of its documents that is held out for it.
    directory: keeps ``fold-1``, ``fold-2``, ... (models), ``out-of-fold.npz`` and ``folds.json``;
    with *resume* what is finished there is kept, and a model that was stopped is gone on with; with
    *overwrite* what is there is made again. The other options are those of :func:`harnn.fit`.

    Raises:
        ConfigError: *folds* is below 2, or the directory holds folds of another training.
        TrainingInterrupted: Ctrl-C, SIGTERM or SIGHUP at any time; it names what is finished.
        DocumentError, InputError, MissingExtraError, ...: see :func:`harnn.fit`.
    """
    config = config or Config()
    listener = remarks_once(as_listener(listener))
    check_share(valid)
    check_before(
        config,
        (documents,) if isinstance(valid, float) else (documents, valid),
        unlabelled=unlabelled,
        own_segmenter=segment is not None,
    )
    home = Path(directory) if directory is not None else None
    place = FoldsPlace(home, folds, resume=resume, overwrite=overwrite)
    place.check()
    seed = config.training.seed

    def load(here: Path) -> Bundle:
        bundle, vectors = load_bundle(here, segment=segment), config.model.document_vectors
        ensemble = with_document_vectors(bundle.ensemble, vectors or None, str(here))
        return dataclasses.replace(bundle, ensemble=ensemble)

    def train(number: int, kept: DocumentsPart) -> Bundle:
        here = place.of(number)
        given = (taxonomy, kept, valid, config)
        if (
            here is not None
            and resume
            and holds_finished(
                here,
                *given,
                unlabelled=unlabelled,
                segment=segment,
                overwrite=overwrite,
                hint="Replace it with --overwrite.",
            )
        ):
            listener(Stage(f"{here} is finished"))
            return load(here)
        result = fit(
            *given,
            unlabelled=unlabelled,
            checkpoint_directory=here / CHECKPOINTS if here is not None else None,
            resume=place.resume,
            overwrite=overwrite,
            cache=cache,
            listener=listener,
            segment=segment,
        )
        if here is None:
            return result
        save_bundle(result, here)
        return load(here)  # the same bits as one that was finished before

    with place.stops_told():
        listener(Stage(f"dividing the documents into {folds} folds, seed {seed}"))
        log = ReadingLog()
        parts = divide_into_folds(
            documents, folds, taxonomy=taxonomy, config=config.data, seed=seed, log=log
        )
        tell(log, listener)
        _tell_size(len(parts), len(taxonomy), listener)
        made_by = _made_by(taxonomy, config, parts, folds, valid)
        place.begin(made_by)
        gathered = _Gathered(parts, len(taxonomy))
        for number in range(folds):
            held_out = int((parts == number).sum())
            listener(Stage(f"fold {number + 1} of {folds}: {held_out:,} documents are left out"))
            listener(Part(f"fold-{number + 1}"))
            bundle = train(number, DocumentsPart(documents, parts != number, told=True))
            place.finished(number)
            gathered.add(number, bundle, DocumentsPart(documents, parts == number), config)
        found = gathered.finish(taxonomy)
        if home is not None:
            save_out_of_fold(found.out_of_fold, home)
            write_folds_json(home, {"made_by": made_by} | found.to_dict())
        place.end()
    return found


def _tell_size(documents: int, label_count: int, listener: Listener) -> None:
    """Say how large the scores of all documents will be, where that is worth knowing.

    Raises:
        ConfigError: they are larger than the memory of the machine.
    """
    needed, there = 4 * documents * label_count, physical_memory()
    size = f"the scores of {documents:,} documents and {label_count:,} labels"
    if there is not None and needed > there:
        what = f"{size} take {needed / 1e9:,.1f} GB, and this machine has {there / 1e9:,.1f} GB."
        hint = "Give fewer documents, or a taxonomy of fewer labels."
        raise ConfigError(Problem("folds", what, hint))
    if needed >= _REMARKABLE:
        where = "in memory, and as much in the file"
        listener(Stage(f"{size} will take {needed / 1e9:,.1f} GB {where}"))


class _Gathered:
    """Scores and labels of all documents, filled fold by fold."""

    def __init__(self, parts: NDArray[np.int64], label_count: int) -> None:
        self._parts = parts
        self._scores = blank((len(parts), label_count), np.float32)
        self._ids: list[str] = [""] * len(parts)
        self._targets: list[Any] = []
        self._reports: list[Report] = []

    def add(self, number: int, bundle: Bundle, fold: DocumentsPart, config: Config) -> None:
        """Let the model of a fold answer for its documents."""
        pairs = labelled_documents(fold, bundle.taxonomy, config.data)
        corpus = encode_corpus(pairs, bundle.views(), len(bundle.taxonomy))
        scores = bundle.ensemble.score(corpus)
        rows = np.flatnonzero(self._parts == number)
        self._scores[rows] = scores.values
        for row, name in zip(rows.tolist(), corpus.ids, strict=True):
            self._ids[row] = name
        self._targets.append(corpus.targets)
        counts = TrainingCounts(bundle.label_counts, bundle.documents.get("train"))
        self._reports.append(
            report_scores(scores, corpus.targets, bundle.decoder, bundle.taxonomy, training=counts)
        )

    def finish(self, taxonomy: Taxonomy) -> CrossValidation:
        by_fold = np.argsort(self._parts, kind="stable")  # the order in which they were answered
        places = np.empty_like(by_fold)
        places[by_fold] = np.arange(len(by_fold))
        targets = csr_array(csr_array(vstack(self._targets, format="csr"))[places])
        out_of_fold = OutOfFold(
            scores=Scores(tuple(self._ids), self._scores),
            targets=targets,
            folds=self._parts,
            codes=taxonomy.codes,
            taxonomy_version=taxonomy.version,
        )
        return CrossValidation(out_of_fold=out_of_fold, reports=tuple(self._reports))


def _made_by(
    taxonomy: Taxonomy,
    config: Config,
    parts: NDArray[np.int64],
    folds: int,
    valid: Documents | float,
) -> dict[str, Any]:
    """Return what the folds depend on, but for the texts, which each model knows of itself."""
    return {
        "folds": folds,
        "documents": len(parts),
        "divided": hashlib.sha256(parts.tobytes()).hexdigest(),
        "held_out": valid if isinstance(valid, float) else None,
        "taxonomy": taxonomy.version,
        "settings": config.to_stored_dict(),
    }


def _numbers(report: Report) -> Iterator[tuple[str, float]]:
    """Yield all single numbers of a report by name, those by k and of levels among them."""
    for name, value in _fields(report):
        if name not in ("documents", "labels"):
            yield from _single(name, value)
    for level in report.levels:
        for name, value in _fields(level):
            if name not in ("level", "labels", "support"):
                yield from _single(f"level {level.level} {name}", value)


def _fields(values: Any) -> Iterator[tuple[str, Any]]:
    return ((each.name, getattr(values, each.name)) for each in dataclasses.fields(values))


def _single(name: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, int | float):
        yield name, float(value)
    elif isinstance(value, Mapping):
        for k, number in value.items():
            yield f"{name.removesuffix('_k')}_{k}", float(number)


def _spread(numbers: Sequence[float]) -> Spread:
    mean = math.fsum(numbers) / len(numbers)
    squares = math.fsum((number - mean) ** 2 for number in numbers)
    return Spread(mean, math.sqrt(squares / (len(numbers) - 1)))

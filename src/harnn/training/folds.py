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

from harnn._files import check_replaceable
from harnn.bundle import CHECKPOINTS, Bundle, load_bundle, save_bundle
from harnn.config import Config
from harnn.corpus import encode_corpus
from harnn.data import Documents, DocumentsPart, labelled_documents
from harnn.data.split import divide_into_folds
from harnn.decode import Scores
from harnn.errors import ConfigError, Problem
from harnn.evaluation import OutOfFold, report_scores
from harnn.evaluation.out_of_fold import FOLDS, read_folds_json, save_out_of_fold, write_folds_json
from harnn.metrics import Report, TrainingCounts
from harnn.taxonomy import Taxonomy
from harnn.training.checks import check_before
from harnn.training.events import Listener, Stage, ignore
from harnn.training.finished import holds_finished
from harnn.training.fitting import fit
from harnn.training.holding_out import check_share

HELD_OUT = 0.1
"""Share of the documents of the other folds that a model is validated on, unless told."""


class Spread(NamedTuple):
    """A number over all folds."""

    mean: float
    deviation: float
    """The standard deviation between folds, with n - 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossValidation:
    """What models of K folds say of the documents that they were not trained on."""

    out_of_fold: OutOfFold
    reports: tuple[Report, ...]
    """One a fold, each on the documents of that fold alone."""

    def summary(self) -> dict[str, Spread]:
        """Return mean and standard deviation of every number that all reports have, by name."""
        every = [dict(_numbers(report)) for report in self.reports]
        shared = [name for name in every[0] if all(name in each for each in every)]
        return {name: _spread([each[name] for each in every]) for name in shared}

    def values(self, name: str) -> list[float]:
        """Return a number of :meth:`summary` for each fold."""
        return [dict(_numbers(report))[name] for report in self.reports]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "summary": {name: each._asdict() for name, each in self.summary().items()},
            "reports": [report.to_dict() for report in self.reports],
        }


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
    listener: Listener = ignore,
    segment: Callable[[str], Sequence[str]] | None = None,
) -> CrossValidation:
    """Train a model for each fold on the others, and let it answer for the fold.

    valid: what each model is validated on, or the share of its documents that is held out for it.
    directory: keeps ``fold-1``, ``fold-2``, ... (models), ``out-of-fold.npz`` and ``folds.json``;
    with *resume* what is finished there is kept, and a model that was stopped is gone on with; with
    *overwrite* what is there is made again. The other options are those of :func:`harnn.fit`.

    Raises:
        ConfigError: *folds* is below 2, or the directory holds folds of another training.
        DocumentError, InputError, MissingExtraError, TrainingInterrupted, ...: see
            :func:`harnn.fit`.
    """
    config = config or Config()
    check_share(valid)
    check_before(
        config,
        (documents,) if isinstance(valid, float) else (documents, valid),
        unlabelled=unlabelled,
        own_segmenter=segment is not None,
    )
    seed = config.training.seed
    listener(Stage(f"dividing the documents into {folds} folds, seed {seed}"))
    parts = divide_into_folds(documents, folds, taxonomy=taxonomy, config=config.data, seed=seed)
    home = Path(directory) if directory is not None else None
    made_by = _made_by(taxonomy, config, parts, folds, valid)
    if home is not None:
        _begin(home, made_by, resume, overwrite)

    def train(number: int, kept: DocumentsPart) -> Bundle:
        place = home / f"fold-{number + 1}" if home is not None else None
        given = (taxonomy, kept, valid, config)
        hint = "Replace it with --overwrite."
        if (
            place is not None
            and resume
            and holds_finished(place, *given, overwrite=overwrite, hint=hint)
        ):
            listener(Stage(f"{place} is finished"))
            return load_bundle(place, segment=segment)
        result = fit(
            taxonomy,
            kept,
            valid,
            config,
            unlabelled=unlabelled,
            checkpoint_directory=place / CHECKPOINTS if place is not None else None,
            resume=resume and place is not None,
            overwrite=overwrite,
            cache=cache,
            listener=listener,
            segment=segment,
        )
        if place is None:
            return result
        save_bundle(result, place)
        return load_bundle(place, segment=segment)  # the same bits as one that was finished before

    gathered = _Gathered(parts, len(taxonomy))
    for number in range(folds):
        held_out = int((parts == number).sum())
        listener(Stage(f"fold {number + 1} of {folds}: {held_out:,} documents are left out"))
        bundle = train(number, DocumentsPart(documents, parts != number))
        gathered.add(number, bundle, DocumentsPart(documents, parts == number), config)
    found = gathered.finish(taxonomy)
    if home is not None:
        save_out_of_fold(found.out_of_fold, home)
        write_folds_json(home, {"made_by": made_by} | found.to_dict())
    return found


class _Gathered:
    """Scores and labels of all documents, filled fold by fold."""

    def __init__(self, parts: NDArray[np.int64], label_count: int) -> None:
        self._parts = parts
        self._scores = np.zeros((len(parts), label_count), dtype=np.float32)
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


def _begin(home: Path, made_by: dict[str, Any], resume: bool, overwrite: bool) -> None:
    """Say in the directory whose folds it holds.

    Raises:
        ConfigError: it holds those of another training, and is not to be overwritten.
        InputError: it holds something else, or cannot be written.
    """
    check_replaceable(home, FOLDS)
    known = read_folds_json(home)
    if known is not None and known.get("made_by") != made_by and resume and not overwrite:
        what = "holds folds of other settings, taxonomy or documents."
        hint = "Choose another place, or replace them with --overwrite."
        raise ConfigError(Problem(str(home), what, hint))
    if known is not None and not (resume or overwrite):
        hint = "Go on with --resume, or start again with --overwrite."
        raise ConfigError(Problem(str(home), "holds folds already.", hint))
    home.mkdir(parents=True, exist_ok=True)
    write_folds_json(home, {"made_by": made_by})


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

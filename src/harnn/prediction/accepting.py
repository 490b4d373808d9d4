"""What a model's answers may be accepted as, from labelled documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from harnn.acceptance import (
    Acceptance,
    Judged,
    Reading,
    SetMetrics,
    Trial,
    judge,
    make_acceptance,
    make_label_sets,
    measure_label_sets,
    try_acceptance,
)
from harnn.config import DataConfig
from harnn.data import Documents, ReadingLog
from harnn.decode import DecodeOptions, Decoder, plain_options
from harnn.errors import ConfigError, DocumentError, Problem
from harnn.prediction.predictor import Predictor
from harnn.prediction.seen import SeenDocuments
from harnn.prediction.settling import settle_options


class AcceptanceTrial(NamedTuple):
    """What an acceptance did on labelled documents."""

    filed: Trial
    sets: tuple[SetMetrics, ...]
    """By level; nothing where the acceptance has no sets."""


class _Answered(NamedTuple):
    judged: Judged
    scores: NDArray[np.float32]
    """(N, C) closed."""
    targets: Any
    """(N, C) sparse."""


def measure_acceptance(
    predictor: Predictor,
    given: Documents,
    level_targets: Mapping[int, float],
    *,
    model_hash: str,
    reading: Reading = "bound",
    least_training: int = 0,
    coverage: float | None = None,
    beam: int | None = None,
    data: DataConfig | None = None,
    log: ReadingLog | None = None,
    known: SeenDocuments | None = None,
    **options: Unpack[DecodeOptions],
) -> Acceptance:
    """Choose from which confidence on answers are accepted to each level, on labelled documents.

    given: documents that the model was not trained on. level_targets: precision by level, see
    :func:`harnn.acceptance.make_acceptance`. model_hash: see :func:`harnn.bundle.fingerprint`.
    reading: see :meth:`harnn.acceptance.Curve.choose`. least_training: labels with fewer training
    documents are never accepted. coverage: also make sets that hold all true labels so often, see
    :class:`harnn.acceptance.LabelSets`. beam: that the predictor was loaded with. data, log, known,
    options: see :meth:`Predictor.evaluate`.

    Raises:
        DocumentError: documents cannot be read or have unknown labels, or there is none.
        ConfigError: a target or the coverage is out of range, there is no such level, options
            exclude each other, or answers would not hold the ancestors of their labels.
    """
    if coverage is not None and not 0 < coverage < 1:
        what = f"the coverage of sets is {coverage}, expected above 0 and below 1."
        raise ConfigError(Problem("", what))
    bundle, taxonomy = predictor.bundle, predictor.taxonomy
    options = settle_options(options, bundle)
    never = bundle.label_counts < least_training
    found = _answer(predictor, given, never, data, log, known, options)
    sets = None
    if coverage is not None:
        sets = make_label_sets(found.scores, found.targets, taxonomy.hierarchy, coverage)
    return make_acceptance(
        found.judged,
        taxonomy,
        level_targets,
        model_hash=model_hash,
        reading=reading,
        options=plain_options(options) | {"beam": beam},
        least_training=least_training,
        never=[taxonomy.codes[column] for column in np.flatnonzero(never)],
        sets=sets,
    )


def check_acceptance(
    predictor: Predictor,
    given: Documents,
    acceptance: Acceptance,
    *,
    data: DataConfig | None = None,
    log: ReadingLog | None = None,
    known: SeenDocuments | None = None,
    **options: Unpack[DecodeOptions],
) -> AcceptanceTrial:
    """Return what an acceptance does on other labelled documents; see :func:`measure_acceptance`.

    Raises:
        DocumentError: as there.
        ConfigError: the acceptance is of another taxonomy or other options.
    """
    taxonomy = predictor.taxonomy
    options = settle_options(options, predictor.bundle)
    asked = plain_options(options) | {"beam": acceptance.options.get("beam")}
    acceptance.check(acceptance.model_hash, taxonomy, asked)
    never = np.array([code in acceptance.never for code in taxonomy.codes], dtype=np.bool_)
    found = _answer(predictor, given, never, data, log, known, options)
    sets: tuple[SetMetrics, ...] = ()
    if acceptance.sets is not None:
        of = (found.scores, found.targets, taxonomy.hierarchy)
        sets = measure_label_sets(acceptance.sets, *of)
    return AcceptanceTrial(try_acceptance(acceptance, found.judged), sets)


def check_closed(decoder: Decoder) -> None:
    """Refuse answers that cannot be filed level by level.

    Raises:
        ConfigError: they would not hold the ancestors of their labels.
    """
    if decoder.close == "none":
        what = "answers are filed from the top down, so they must hold the ancestors of labels."
        raise ConfigError(Problem("close", what, "Choose up or down, got none."))


def _answer(
    predictor: Predictor,
    given: Documents,
    never: NDArray[np.bool_],
    data: DataConfig | None,
    log: ReadingLog | None,
    known: SeenDocuments | None,
    options: DecodeOptions,
) -> _Answered:
    decoder = predictor.bundle.decoder.with_options(**options)
    hierarchy = predictor.taxonomy.hierarchy
    check_closed(decoder)
    corpus = predictor.encode_labelled(given, data, log, known)
    if not len(corpus):
        raise DocumentError(Problem("", "there is no document to measure the acceptance on."))
    shown, chosen = decoder.decode(predictor.score_corpus(corpus), hierarchy)
    judged = judge(shown.values, chosen, corpus.targets, hierarchy, never=never)
    return _Answered(judged, shown.values, corpus.targets)

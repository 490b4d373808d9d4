"""Labels without a training document in a model that was just trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harnn._display import counted
from harnn.branches import ByName, Ensemble, with_labels_by_name
from harnn.branches.by_name import Encode
from harnn.corpus import Corpus
from harnn.decode import Decoder, Scores
from harnn.text import TextEncoder
from harnn.training.events import Stage
from harnn.training.task import Task, TrainedBranch
from harnn.training.train_by_name import LabelMoments, learn_names

_MOST = 0.25
"""Of the labels that a model gives, which may rest on their names: no validation document speaks
for them, and where more are given they drown the others."""
_NOT = "labels without a training document are not scored by their names"


def needed_branches(task: Task) -> tuple[str, ...]:
    """Return the branches that are not to be left out of the model."""
    wanted = task.config.model.labels_without_examples == "on"
    return ("text_vectors",) if wanted else ()


def score_by_name(
    task: Task,
    trained: Sequence[TrainedBranch],
    ensemble: Ensemble,
    corpus: Corpus,
    scores: Scores,
    label_counts: NDArray[np.int64],
) -> Ensemble:
    """Let an ensemble score labels without a training document, where that is wanted and pays.

    corpus: the validation documents with all views; scores: of the blend, (N, C); label_counts:
    (C,).
    """
    wanted = task.config.model.labels_without_examples
    encoder = getattr(ensemble.branch("text_vectors"), "encoder", None)
    if wanted == "off" or encoder is None or ensemble.blend is None:
        if wanted == "on":
            task.listener(Stage(f"{_NOT}: the model reads no vectors of whole texts"))
        return ensemble
    moments = next((each.moments for each in trained if each.moments is not None), None)
    if moments is not None:
        by_name = _learned(task, moments, encoder, corpus, scores, label_counts)
        return dataclasses.replace(ensemble, by_name=by_name)
    old = None if task.old is None else task.old.bundle.ensemble.by_name
    kept = dataclasses.replace(ensemble, by_name=old)
    return with_labels_by_name(kept, task.taxonomy, label_counts)


def _learned(
    task: Task,
    moments: LabelMoments,
    encoder: TextEncoder,
    corpus: Corpus,
    scores: Scores,
    label_counts: NDArray[np.int64],
) -> ByName | None:
    encode = _remembering(encoder, task.config.training.threads)
    learned = learn_names(
        moments,
        encode,
        task.taxonomy,
        label_counts,
        vectors=corpus.views["text_vectors"],
        scores=scores.values,
        targets=corpus.targets,
        seed=task.config.training.seed,
    )
    never = counted(int((label_counts == 0).sum()), "label")
    required = task.config.model.labels_without_examples == "on"
    if learned.relation is None or not (learned.pays or required):
        if required or (label_counts == 0).any():
            task.listener(Stage(f"{_NOT} ({never}): {learned.why_not}"))
        return None
    by_name = ByName.of(learned.relation, encode, task.taxonomy, label_counts)
    what = f"{len(by_name.columns):,} of {never} without a training document are scored by name"
    task.listener(Stage(f"{what}; {learned.relation.held_out.describe()}"))
    return by_name


def keep_few_by_name(
    task: Task, ensemble: Ensemble, decoder: Decoder, scores: Scores, corpus: Corpus
) -> tuple[Ensemble, Scores]:
    """Return the ensemble, and the scores (N, C) of the validation documents with those by name.

    Where too many labels would be given by their names, it no longer scores these, unless that is
    asked for: their calibration, on held-out labels that documents have, takes them for labels that
    documents have too.
    """
    by_name = ensemble.by_name
    if by_name is None or not len(by_name.columns):
        return ensemble, scores
    filled = Scores(scores.ids, ensemble.filled(scores.values, corpus))
    given = decoder.choose(filled.values, task.taxonomy.hierarchy).sum(axis=0)
    named = given[by_name.columns].sum()
    share = named / max(1, given.sum())
    if share <= _MOST:
        return ensemble, filled
    mean = named / max(1, len(filled.values))
    many = f"they would be {mean:.1f} labels of a validation document, {share:.0%} of all"
    if task.config.model.labels_without_examples == "on":
        task.listener(Stage(f"labels by name are many: {many}; model.labels_without_examples=off"))
        return ensemble, filled
    hint = "model.labels_without_examples=on scores them nevertheless"
    task.listener(Stage(f"{_NOT}: {many} ({hint})"))
    return dataclasses.replace(ensemble, by_name=None), scores


def _remembering(encoder: TextEncoder, threads: int) -> Encode:
    """Return what encodes each text once."""
    known: dict[str, NDArray[np.float32]] = {}

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, encoder.encode(new, threads=threads), strict=True))
        vectors = np.array([known[text] for text in texts], dtype=np.float32)
        return vectors.reshape(-1, encoder.record.size)

    return encode


def with_thresholds_by_name(decoder: Decoder, ensemble: Ensemble) -> Decoder:
    """Give labels that are scored by their names the one threshold of all labels.

    Their scores are calibrated on labels that were held out, and no document tells more of them.
    """
    thresholds = decoder.label_thresholds
    if ensemble.by_name is None or thresholds is None or not len(ensemble.by_name.columns):
        return decoder
    changed = list(thresholds)
    for column in ensemble.by_name.columns.tolist():
        changed[column] = decoder.threshold
    return dataclasses.replace(decoder, label_thresholds=tuple(changed))

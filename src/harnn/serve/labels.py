"""The labels of a taxonomy as clients ask for them: by words, by place, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.metrics import LabelQuality
from harnn.serve.models import ServedModel
from harnn.serve.problems import RequestError
from harnn.taxonomy import LabelSearch, Taxonomy
from harnn.taxonomy.graph import IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelQuery:
    """Which labels are asked for; what is None or empty asks for nothing."""

    words: str = ""
    parent: str | None = None
    """Direct children of this label alone."""
    under: str | None = None
    """This label and all below it."""
    level: int | None = None
    """1 is the top."""
    labels: Sequence[str] = ()
    """These alone, by their codes, in this order; with words in the order of those."""

    def columns(self, taxonomy: Taxonomy, search: LabelSearch) -> IntArray:
        """Return the columns of all labels asked for, in order.

        Raises:
            RequestError: no label is called *parent*, *under*, or as one of *labels*, or there is
                no such level (404).
        """
        places: IntArray | None = None
        if self.labels:
            places = np.array([column_of(taxonomy, code) for code in self.labels], dtype=np.int32)
        if self.parent is not None:
            children = taxonomy.children(column_of(taxonomy, self.parent))
            places = children if places is None else places[np.isin(places, children)]
        if self.words.strip():
            found = search.ranked(self.words)
            found = found if places is None else found[np.isin(found, places)]
        else:
            found = np.arange(len(taxonomy), dtype=np.int32) if places is None else places
        if self.under is not None:
            found = found[_is_under(taxonomy, column_of(taxonomy, self.under))[found]]
        if self.level is not None:
            check_level(taxonomy, self.level)
            found = found[taxonomy.levels[found] == self.level]
        return found


def column_of(taxonomy: Taxonomy, code: str) -> int:
    """Return the column of a label.

    Raises:
        RequestError: there is none of that code (404).
    """
    column = taxonomy.index.get(code)
    if column is None:
        hint = taxonomy.near.suggest(code, as_code=True)
        raise RequestError(404, f"No label has the code {code!r}. {hint}".rstrip())
    return column


def check_level(taxonomy: Taxonomy, level: int) -> None:
    """Raises:
    RequestError: the taxonomy has no such level (404).
    """
    if level > taxonomy.depth:
        levels = "1" if taxonomy.depth == 1 else f"1 to {taxonomy.depth}"
        raise RequestError(404, f"There is no level {level:,}, expected {levels}.")


def describe_label(taxonomy: Taxonomy, column: int) -> dict[str, Any]:
    """Return a label as JSON: ``label, name, level, path, parents, children`` (their number), and
    what is not empty of ``description, alternatives, notation, iri``.
    """
    codes = taxonomy.codes
    plain: dict[str, Any] = {
        "label": codes[column],
        "name": taxonomy.names[column],
        "level": int(taxonomy.levels[column]),
        "path": [codes[each] for each in taxonomy.path(column).tolist()],
        "parents": [codes[each] for each in taxonomy.parents(column).tolist()],
        "children": len(taxonomy.children(column)),
    }
    more = {
        "description": taxonomy.descriptions[column],
        "alternatives": list(taxonomy.alternatives[column]),
        "notation": taxonomy.notations[column],
        "iri": taxonomy.iris[column],
    }
    return plain | {name: value for name, value in more.items() if value}


def describe_served(model: ServedModel, columns: Sequence[int]) -> list[dict[str, Any]]:
    """Return labels as :func:`describe_label` does, and what the model knows of each:
    ``documents``, those of training that have it or one below it, ``threshold``, 0 to 1, the
    score from which it is given (None where scores alone do not decide), and ``validation``, how
    good it was on the validation documents (None where nothing is known).
    """
    bundle, labels = model.predictor.bundle, model.predictor.taxonomy
    cuts = bundle.decoder.label_cuts(labels.hierarchy)
    return [
        describe_label(labels, column)
        | {
            "documents": int(bundle.label_counts[column]),
            "threshold": None if cuts is None else round(float(cuts[column]), 6),
            "validation": _describe_quality(bundle.quality, column),
        }
        for column in columns
    ]


def describe_taken_for(model: ServedModel, column: int) -> list[dict[str, Any]]:
    """Return the siblings that were given in place of a label that was missed, as JSON: ``label,
    name, documents`` of validation, the most frequent first.
    """
    bundle, labels = model.predictor.bundle, model.predictor.taxonomy
    found = [] if bundle.quality is None else bundle.quality.taken_for(column)
    return [
        {
            "label": labels.codes[each.given],
            "name": labels.names[each.given],
            "documents": each.documents,
        }
        for each in found
    ]


def _describe_quality(quality: LabelQuality | None, column: int) -> dict[str, Any] | None:
    """Return counts of a label, its F1 and the 95% interval; None where it was never seen."""
    if quality is None:
        return None
    counts = quality.counts
    hits, given, true = (int(each[column]) for each in (counts.hits, counts.predicted, counts.true))
    if not given + true:
        return None
    low, high = quality.f1_interval(column)
    numbers = {"f1": float(counts.f1[column]), "low": low, "high": high}
    return {"hits": hits, "given": given, "true": true} | {
        name: round(number, 4) for name, number in numbers.items()
    }


def _is_under(taxonomy: Taxonomy, column: int) -> NDArray[np.bool_]:
    """Tell of each label (C,) whether it is *column* or below it."""
    found = np.zeros(len(taxonomy), dtype=np.bool_)
    waiting = [column]
    while waiting:
        here = waiting.pop()
        if not found[here]:
            found[here] = True
            waiting += taxonomy.children(here).tolist()
    return found

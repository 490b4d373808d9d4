"""Likely label errors as rows that people can work through.

====================  =========================================================================
field                 meaning
====================  =========================================================================
``kind``              ``missing``: the document should have the label; ``wrong``: it should not;
                      ``near duplicate``: a document that is nearly the same has other labels
``id``                of the document
``label``, ``name``   of the label; empty for near duplicates
``level``             of the label, 1 is the top
``self_confidence``   0 to 0.5: how sure the model is of what stands there
``labels``            of the document, as they are
``other_id``          of the near duplicate
``other_labels``      its labels
``similarity``        share of runs of three words in common, estimated
``source``            file and line, where it is known
``text``              how the document begins, where it is known
====================  =========================================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from harnn.data.near_duplicates import NearDuplicates
from harnn.evaluation.label_errors import LabelErrors
from harnn.taxonomy import Taxonomy

COLUMNS = (
    "kind",
    "id",
    "label",
    "name",
    "level",
    "self_confidence",
    "labels",
    "other_id",
    "other_labels",
    "similarity",
    "source",
    "text",
)


class Seen(NamedTuple):
    """What is shown of a document."""

    id: str
    source: str = ""
    text: str = ""
    """Its beginning."""


def error_rows(
    errors: LabelErrors,
    duplicates: NearDuplicates | None,
    documents: Sequence[Seen],
    targets: Any,
    taxonomy: Taxonomy,
) -> Iterator[dict[str, Any]]:
    """Yield one row a likely error, then one a pair of near duplicates, the likeliest first.

    documents, targets: N documents and their (N, C) label sets, sparse, closed upward; of these
    the most specific labels are shown.
    """
    specific = taxonomy.hierarchy.most_specific_sets(targets)

    def labels_of(row: int) -> list[str]:
        columns = specific.indices[specific.indptr[row] : specific.indptr[row + 1]]
        return [taxonomy.codes[column] for column in np.sort(columns)]

    nothing = dict.fromkeys(COLUMNS)
    pairs = zip(errors.rows, errors.columns, errors.missing, errors.self_confidence, strict=True)
    for row, column, missing, confidence in pairs:
        document = documents[row]
        yield nothing | {
            "kind": "missing" if missing else "wrong",
            "id": document.id,
            "label": taxonomy.codes[column],
            "name": taxonomy.names[column],
            "level": int(taxonomy.levels[column]),
            "self_confidence": round(float(confidence), 4),
            "labels": labels_of(row),
            "source": document.source,
            "text": document.text,
        }
    if duplicates is None:
        return
    for (first, second), similarity in zip(duplicates.rows, duplicates.similarity, strict=True):
        document, other = documents[first], documents[second]
        yield nothing | {
            "kind": "near duplicate",
            "id": document.id,
            "labels": labels_of(first),
            "other_id": other.id,
            "other_labels": labels_of(second),
            "similarity": round(float(similarity), 2),
            "source": document.source,
            "text": document.text,
        }

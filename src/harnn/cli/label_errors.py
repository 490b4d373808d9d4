"""``harnn errors``: labels that are likely missing or wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn._display import beginning, printable
from harnn._tables import shown
from harnn.cli.files import ANSWERS, check_inputs, check_output, tell_written
from harnn.cli.models import Speed, open_bundle, open_model
from harnn.cli.problems import reading
from harnn.cli.screen import Console, say
from harnn.config import DataConfig
from harnn.corpus import sparse_targets
from harnn.data import Document, ReadingLog, labelled_documents, open_rows
from harnn.data.near_duplicates import NearDuplicates, find_near_duplicates
from harnn.data.writing import check_rows_place, label_cell
from harnn.errors import ConfigError, DocumentError, Problem
from harnn.evaluation import find_label_errors, load_out_of_fold
from harnn.evaluation.error_table import COLUMNS, Seen, error_rows
from harnn.taxonomy import Taxonomy

_SHOWN_CHARACTERS = 200
_SEEN = "The model may have been trained on these documents, which hides errors in them; scores "
_SEEN += "of harnn train --folds tell more."


@dataclass(frozen=True, slots=True)
class ErrorOptions:
    """What is looked for."""

    min_documents: int
    similarity: float
    implied: bool
    """Whether to list pairs that follow from others."""


def list_errors(
    folds: Path | None,
    model: Path | None,
    data: list[Path],
    output: Path,
    options: ErrorOptions,
    *,
    settings: Sequence[str],
    document_vectors: Path | None = None,
) -> None:
    """Write a table of likely errors, by scores of folds or of a model.

    document_vectors: for a model that reads some; scores of folds are there already.

    Raises:
        InputError: what is given cannot be used; most of it is checked before any work is done.
    """
    if not 0 < options.similarity <= 1:
        what = f"got {options.similarity:g}, expected more than 0 and at most 1."
        raise ConfigError(Problem("--similarity", what))
    if (folds is None) == (model is None):
        what = "expected a directory of folds (harnn train --folds), or a model with --model."
        raise ConfigError(what)
    if folds is not None and document_vectors is not None:
        what = "is for --model: scores of folds are there already and need no vectors."
        raise ConfigError(Problem("--document-vectors", what, "Leave it out."))
    check_inputs(data, passes=1 if model is None else 2)
    check_output(output, ANSWERS, data)
    check_rows_place(output)
    kept = predictor = None
    if folds is not None:
        kept = load_out_of_fold(folds)
        bundle, knobs = open_bundle(folds / "fold-1", settings)
        if kept.taxonomy_version != bundle.taxonomy.version:
            what = "its scores are of another taxonomy than its models."
            raise ConfigError(Problem(str(folds), what))
    else:
        assert model is not None  # one of them is given
        predictor, knobs = open_model(model, settings, Speed(document_vectors=document_vectors))
        bundle = predictor.bundle
    taxonomy = bundle.taxonomy
    with reading(knobs, bundle) as log:
        documents = _Documents.read(data, taxonomy, knobs, log, options.similarity)
    if predictor is not None:
        scores: Any = predictor.score_corpus(predictor.encode_labelled(data, knobs)).values
        say(_SEEN)
    else:
        assert kept is not None
        scores = kept.scores.values
        documents.check_same(kept.scores.ids, folds)
    targets = sparse_targets(documents.columns, len(taxonomy))
    found = find_label_errors(
        scores, targets, taxonomy.hierarchy, min_documents=options.min_documents
    )
    listed = found if options.implied else found.select(~found.implied)
    pairs = documents.duplicates.with_other_labels(targets)
    rows = error_rows(listed, pairs, documents.seen, targets, taxonomy)
    _write(rows, output)
    console = Console()
    missing = int(listed.missing.sum())
    console.print_line(
        f"{len(documents.seen):,} documents: {missing:,} labels likely missing, "
        f"{len(listed) - missing:,} likely wrong, {len(pairs.rows):,} pairs of near duplicates "
        "with other labels"
    )
    for line in _remarks(len(found) - len(listed), found.skipped_labels, pairs.cut, options):
        console.print_line(line)
    tell_written(console.print_line, {"list (the likeliest first)": output})


def _remarks(implied: int, skipped: int, cut: int, options: ErrorOptions) -> Iterator[str]:
    if implied:
        yield (
            f"{implied:,} more follow from these (ancestors of missing labels, descendants of "
            "wrong ones); --implied lists them"
        )
    if skipped:
        yield (
            f"{skipped:,} labels are on fewer than {options.min_documents} documents, or on nearly "
            "all, and were not looked at (--min-documents)"
        )
    if cut:
        yield (
            f"{cut:,} documents are like so many others that they were compared with the next few "
            "alone"
        )


def _write(rows: Iterator[dict[str, Any]], output: Path) -> None:
    config = DataConfig()
    is_table = output.suffix.lower() in (".csv", ".tsv")
    with open_rows(output, config, columns=COLUMNS, schema=_schema(output)) as writer:
        for row in rows:
            if is_table and row["other_labels"] is not None:
                row["other_labels"] = label_cell(row["other_labels"], config.label_separator)
            writer.write(row)


def _schema(output: Path) -> Any:
    """Return the types of Parquet, which no first rows need to tell."""
    if output.suffix.lower() != ".parquet":
        return None
    from harnn._optional import require

    arrow = require("pyarrow", extra="parquet", purpose=f"Writing {output}")
    kinds = {
        "level": arrow.int64(),
        "self_confidence": arrow.float64(),
        "similarity": arrow.float64(),
        "labels": arrow.list_(arrow.string()),
        "other_labels": arrow.list_(arrow.string()),
    }
    return arrow.schema([(name, kinds.get(name, arrow.string())) for name in COLUMNS])


@dataclass(slots=True)
class _Documents:
    """What is kept of the documents."""

    duplicates: NearDuplicates
    seen: list[Seen] = field(default_factory=list)
    columns: list[NDArray[np.int32]] = field(default_factory=list)

    @classmethod
    def read(
        cls,
        data: Sequence[Path],
        taxonomy: Taxonomy,
        knobs: DataConfig,
        log: ReadingLog,
        similarity: float,
    ) -> _Documents:
        """Read documents once, and look for near duplicates among them."""
        seen: list[Seen] = []
        columns: list[NDArray[np.int32]] = []

        def texts() -> Iterator[str]:
            for document, labels in labelled_documents(list(data), taxonomy, knobs, log=log):
                seen.append(_seen(document))
                columns.append(labels)
                yield document.full_text

        return cls(find_near_duplicates(texts(), similarity=similarity), seen, columns)

    def check_same(self, ids: Sequence[str], folds: Path | None) -> None:
        """Raises:
        DocumentError: they are not the documents that the folds were trained on, in order.
        """
        own = [each.id for each in self.seen]
        if own == list(ids):
            return
        what = f"{len(own):,} documents, expected the {len(ids):,} of {folds}, in the same order"
        differ = next((n for n, (a, b) in enumerate(zip(own, ids, strict=False)) if a != b), None)
        if differ is not None:
            what += f"; document {differ + 1:,} is {shown(own[differ])}, not {shown(ids[differ])}"
        raise DocumentError(Problem("", f"{what}."))


def _seen(document: Document) -> Seen:
    text = printable(beginning(document.full_text, _SHOWN_CHARACTERS))
    return Seen(document.id, document.source, text)

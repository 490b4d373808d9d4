"""What every worker holds once, whoever shares the work out: a model that answers batches."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, Unpack

from threadpoolctl import threadpool_limits

from harnn._cores import threads_of
from harnn._display import reason_of
from harnn._frames import column_names, is_frame, read_rows
from harnn.bundle import fingerprint
from harnn.config import DataConfig
from harnn.data import Document, Table
from harnn.data.fields import DocumentBuilder
from harnn.data.log import Rejected
from harnn.data.reading import stream_documents
from harnn.decode import DecodeOptions, plain_options
from harnn.errors import BundleError, DocumentError, Problem
from harnn.prediction.predictor import Predictor, blocks_of, documents_at_once
from harnn.prediction.settling import settle_options
from harnn.prediction.workers import answer_block

if TYPE_CHECKING:
    from harnn.prediction.filing import Filer

SPARK_SCHEMA = (
    "id string, labels array<string>, scores array<double>, notes array<string>, error string"
)
"""The columns of :meth:`Scorer.rows`, as Spark calls their types."""
COLUMNS = ("id", "labels", "scores", "notes", "error")


@dataclass(frozen=True, kw_only=True)
class ScorerSettings:
    """What a scorer is made of, wherever that happens; it can be pickled."""

    model: Path
    """A directory that is there for every worker."""
    decoding: DecodeOptions = field(default_factory=DecodeOptions)
    """How labels are chosen; what is left out is the model's own."""
    speed: Mapping[str, Any] = field(default_factory=dict)
    """How networks are computed: ``beam``, ``bfloat16``, ``device`` and ``document_vectors`` of
    :meth:`harnn.Predictor.load`."""
    data: DataConfig | None = None
    """How documents are read; None: as those that the model was trained on."""
    acceptance: Path | None = None
    """By which answers are filed."""
    threads: int | None = None
    """That the worker computes in; None: those of its process."""
    model_hash: str = ""
    """See :func:`harnn.bundle.fingerprint`; empty: any."""


class Failure(NamedTuple):
    """A document that has no answer, or a file that cannot be read on."""

    where: str
    reason: str
    id: str | None = None
    """Where it is known."""
    whole_file: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        plain: dict[str, Any] = {"where": self.where, "reason": self.reason}
        plain |= {} if self.id is None else {"id": self.id}
        return plain | ({"whole_file": True} if self.whole_file else {})

    @classmethod
    def of_rejected(cls, rejected: Rejected) -> Failure:
        """Return a record that cannot be read."""
        first, *_ = rejected.problems
        reasons = " ".join(f"{each.what} {each.hint}".strip() for each in rejected.problems)
        return cls(first.where, reasons, None, rejected.whole_file)


class Scorer:
    """A model that answers batches of documents; loaded once, with tokenizers of its own.

    For systems that share out work: ``dataset.map_batches(Scorer, fn_constructor_kwargs={"model":
    directory}, ...)`` of Ray, a class of Daft, :func:`score_frames` for Spark.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        threads: int | None = None,
        data: DataConfig | None = None,
        **options: Unpack[DecodeOptions],
    ) -> None:
        """model: directory. threads: that answers are computed in; None: those of the process.
        data: how documents are read; None: as those for training. options: see
        :meth:`harnn.Predictor.predict`.

        Raises:
            BundleError: the model cannot be read.
            ConfigError, ValueError: options exclude each other or are out of range.
        """
        self._begin(ScorerSettings(model=Path(model), decoding=options, data=data, threads=threads))

    @classmethod
    def of(cls, settings: ScorerSettings) -> Self:
        """Make a scorer.

        Raises:
            BundleError: as above, or the directory holds another model than was meant.
            ConfigError, InputError: options do not fit the model, or each other.
        """
        made = cls.__new__(cls)
        made._begin(settings)
        return made

    def _begin(self, settings: ScorerSettings) -> None:
        if settings.threads is not None:
            _limit_threads(settings.threads)
        if settings.model_hash and fingerprint(settings.model) != settings.model_hash:
            what = f"holds another model than where the work was begun, on {platform.node()}."
            hint = "Every worker must find the model at the same place."
            raise BundleError(Problem(str(settings.model), what, hint))
        self.predictor = Predictor.load(settings.model, **settings.speed)
        self.predictor.tune_process(settings.threads or 0)
        self.data = settings.data or self.predictor.bundle.config.data
        self._decoding = settle_options(settings.decoding, self.predictor.bundle)
        self.predictor.bundle.decoder.with_options(**self._decoding)
        self.filer: Filer | None = None
        if settings.acceptance is not None:
            from harnn.prediction.filing import Filer

            asked = plain_options(self._decoding) | {"beam": settings.speed.get("beam")}
            self.filer = Filer.open(settings.acceptance, settings.model, self.predictor, asked)

    @property
    def block(self) -> int:
        """Documents that are answered together."""
        return documents_at_once(len(self.predictor.taxonomy))

    def answer(self, documents: Sequence[Document]) -> list[dict[str, Any] | Failure]:
        """Answer some documents as ``harnn predict`` does, each or why not.

        Where all of them fail, what they raised is raised.
        """
        answered: list[dict[str, Any] | Failure] = []
        for block in blocks_of(iter(documents), len(self.predictor.taxonomy)):
            try:
                answered += self._block(block)
            except Exception as error:
                answered += self._one_by_one(block, error)
        return answered

    def _block(self, documents: Sequence[Document]) -> list[dict[str, Any]]:
        wants = self.filer is not None and self.filer.needs_scores
        block = answer_block(self.predictor, documents, self._decoding, scores=wants)
        if self.filer is not None:
            return list(self.filer.file(block))
        return [answer.to_dict() for answer in block.answers]

    def _one_by_one(
        self, documents: Sequence[Document], error: Exception
    ) -> list[dict[str, Any] | Failure]:
        """Find the documents that no answer is made for; where that is all of them, the fault is
        not theirs.
        """
        found: list[dict[str, Any] | Failure] = []
        for document in documents:
            try:
                found += self._block([document])
            except Exception as own:
                found.append(Failure(document.source, f"{reason_of(own)}.", document.id))
        if all(isinstance(each, Failure) for each in found):
            raise error
        return found

    def rows(self, table: Table | Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return a row for each row of a table in memory, or for each dictionary, in its order.

        The table has texts under the names that the model was trained on, and ids. Of rows without
        an answer all but ``id`` (where it can be read) and ``error`` is None; of others ``error``.

        Raises:
            DocumentError: the table as a whole cannot be read.
        """
        builder = DocumentBuilder(self.data, labelled=False)
        items = [*stream_documents(table, builder)]
        broken = [each for each in items if isinstance(each, Rejected) and each.whole_file]
        if broken and len(table):  # type: ignore[arg-type]
            raise DocumentError([problem for each in broken for problem in each.problems])
        answers = iter(self.answer([each for each in items if isinstance(each, Document)]))
        rows = [
            _row(Failure.of_rejected(item) if isinstance(item, Rejected) else next(answers))
            for item in items[: len(items) - len(broken)]
        ]
        if any(row["id"] is None for row in rows):
            for row, own in zip(rows, _ids(table, self.data.id_field), strict=False):
                row["id"] = own if row["id"] is None else row["id"]
        return rows

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Answer a batch of Ray Data: columns by their names, and columns come back.

        Raises:
            DocumentError: see :meth:`rows`.
        """
        names = list(batch)
        columns = [
            getattr(column, "tolist", lambda c=column: list(c))() for column in batch.values()
        ]
        rows = self.rows(
            [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]
        )
        return {name: [row[name] for row in rows] for name in COLUMNS}


def _ids(table: Any, name: str) -> Iterator[str | None]:
    """Yield the ids of rows, as far as they are strings or whole numbers."""
    if is_frame(table):
        table = read_rows(table, [name]) if name in column_names(table) else ()
    for row in table:
        own = row.get(name)
        yield str(own) if isinstance(own, str | int) and not isinstance(own, bool) else None


def _row(answer: dict[str, Any] | Failure) -> dict[str, Any]:
    if isinstance(answer, Failure):
        return dict.fromkeys(COLUMNS) | {
            "id": answer.id,
            "error": f"{answer.where}: {answer.reason}",
        }
    return {
        "id": answer["id"],
        "labels": [each["label"] for each in answer["labels"]],
        "scores": [each["score"] for each in answer["labels"]],
        "notes": list(answer.get("note_codes", [])),
        "error": None,
    }


def _limit_threads(threads: int) -> None:
    """Let this process compute in so many threads, in libraries that are there and that come."""
    os.environ.update(threads_of(1, threads))
    threadpool_limits(threads)

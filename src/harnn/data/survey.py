"""Check documents before hours are spent on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from harnn._display import printable, with_name
from harnn.config import DataConfig, TextConfig
from harnn.data.contents import ContentHash
from harnn.data.documents import Document
from harnn.data.fields import DocumentBuilder
from harnn.data.files import STANDARD_INPUT, Location, is_directory_of_texts
from harnn.data.fingerprints import Fingerprints, find_overlaps
from harnn.data.label_checker import LabelChecker
from harnn.data.log import ReadingLog, Rejected
from harnn.data.memory_rows import MemoryTable
from harnn.data.reading import Sources, find_fixes, list_sources, stream_documents
from harnn.data.statistics import (
    LabelCounts,
    LevelSummary,
    WordCounts,
    WordSummary,
)
from harnn.errors import Problem
from harnn.taxonomy import Taxonomy

RARE = 5
"""Labels in fewer documents are called rare."""

_SHOWN_LABELS = 5
_RANKED = 20


@dataclass(frozen=True, slots=True)
class FileSummary:
    """What one file holds."""

    name: str
    documents: int
    rejected: int
    """Records that cannot be used."""
    is_test: bool
    columns: str = ""
    """Of a table, which of its columns are read as what."""
    sha256: str = ""
    """Of what its documents say, see ``DataSurvey.contents``; empty without a taxonomy."""


@dataclass(frozen=True, slots=True)
class ReadLabel:
    """A label that was written as something else than its code."""

    written: str
    code: str
    name: str
    times: int


@dataclass(frozen=True, slots=True)
class DataSurvey:
    """All that is wrong or remarkable about documents; numbers do not cover test files."""

    problems: tuple[Problem, ...]
    """Must be mended before training."""
    warnings: tuple[Problem, ...]
    """Worth a look."""
    files: tuple[FileSummary, ...]
    documents: int
    labelled_documents: int
    mean_labels: float
    """Labels per labelled document, closed upward where there is a taxonomy."""
    mean_most_specific: float | None
    """None without a taxonomy, like all that follows from levels."""
    levels: tuple[LevelSummary, ...]
    most_frequent: tuple[tuple[str, int], ...]
    """Labels and their documents, most frequent first."""
    least_frequent: tuple[tuple[str, int], ...]
    """Labels and their documents, least frequent first, without unused ones."""
    unused: tuple[str, ...]
    rare: tuple[str, ...]
    only_ancestors: tuple[str, ...]
    """Labels that are never the most specific one of a document."""
    words: WordSummary
    read_labels: tuple[ReadLabel, ...] = ()
    """Labels that were not written as their codes, test files included, most frequent first."""
    replaced: int = 0
    """Labels that ``data.fixes`` replaced, of test files too."""
    removed: int = 0
    """Labels that it dropped."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Of the most and the least frequent labels, by code."""
    contents: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of the ``taxonomy``, and of what the documents say that a training reads, texts and
    labels in order: of all but those of the ``test``, and of these. A model that was trained on the
    same tells the same (``Bundle.contents``). Nothing without a taxonomy."""

    @property
    def ok(self) -> bool:
        """Tell whether nothing must be mended."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dictionaries, strings and numbers."""
        plain = asdict(self)
        return {"ok": self.ok, **{key: _as_lists(value) for key, value in plain.items()}}


def survey_documents(
    paths: Sources,
    *,
    taxonomy: Taxonomy | None = None,
    config: DataConfig = DataConfig(),
    test_paths: Sources = (),
    max_length: int = TextConfig.max_length,
) -> DataSurvey:
    """Read all documents once and report every problem; holds hashes, never texts.

    ``test_paths`` are checked like the others and compared with them. Without a taxonomy labels
    are counted as written and not checked. ``max_length``: words read of a document.

    Raises:
        MissingExtraError: Parquet or zstandard files without their extra.
    """
    survey = _Survey(taxonomy, config, max_length)
    for location in list_sources(paths):
        survey.read_file(location, is_test=False)
    for location in list_sources(test_paths):
        survey.read_file(location, is_test=True)
    return survey.summarise()


class _Survey:
    """What is known while the files stream by."""

    def __init__(self, taxonomy: Taxonomy | None, config: DataConfig, max_length: int) -> None:
        self._taxonomy = taxonomy
        self._found = ReadingLog()
        self._builder = DocumentBuilder(config, log=self._found)
        self._checker = None if taxonomy is None else LabelChecker(taxonomy, config.labels_by)
        self._fixes = find_fixes(config, self._checker)
        self._drops = config.on_error == "drop-labels"
        self._files: list[FileSummary] = []
        self._fingerprints: list[Fingerprints] = []
        self._words = WordCounts(max_length)
        self._contents = {is_test: ContentHash() for is_test in (False, True)}
        self._labels = {is_test: LabelCounts(self._checker) for is_test in (False, True)}
        self._unlabelled = 0
        self._first_unlabelled = ""

    def read_file(self, location: Location | MemoryTable, *, is_test: bool) -> None:
        if isinstance(location, MemoryTable):
            name = location.name
        else:
            name = "stdin" if str(location) == STANDARD_INPUT else printable(str(location))
        table = location if isinstance(location, MemoryTable) else None
        prints = Fingerprints(name, is_test, table)
        if not isinstance(location, MemoryTable) and is_directory_of_texts(location):
            prints.places = []
        documents = rejected = 0
        content = ContentHash()
        for item in stream_documents(location, self._builder):
            if isinstance(item, Rejected):
                rejected += not item.whole_file
                self._found.add(item.problems)
            else:
                documents += 1
                prints.add(item)
                self._count(item, content, is_test=is_test)
        self._found.add(tuple(prints.finish()))
        columns = "".join(self._found.columns.values())
        self._found.columns.clear()
        sha256 = content.hexdigest() if self._checker is not None and documents else ""
        self._files.append(FileSummary(name, documents, rejected, is_test, columns, sha256))
        self._fingerprints.append(prints)

    def _count(self, document: Document, content: ContentHash, *, is_test: bool) -> None:
        if self._fixes is not None:
            document = self._fixes.apply(document, self._found)
        text = document.full_text
        if not text.strip():
            self._found.add((Problem(document.source, "has an empty text."),))
        if self._checker is not None:
            document = self._checker.resolve(document, self._found)
            checked = self._check(document, self._checker)
            if checked is not None:
                columns = self._checker.close(checked)
                content.add(checked, columns)
                self._contents[is_test].add(checked, columns)
        labelled = self._labels[is_test].add(document)
        if is_test:
            return
        self._words.add(text)
        if not labelled:
            self._unlabelled += 1
            self._first_unlabelled = self._first_unlabelled or document.source

    def _check(self, document: Document, checker: LabelChecker) -> Document | None:
        """Return the document as a training reads it; None: it reads none."""
        problems = checker.check(document)
        if problems and self._drops:
            return checker.drop_unknown(document, self._found)
        self._found.add(tuple(problems))
        return None if problems or document.labels is None else document

    def summarise(self) -> DataSurvey:
        counts, words = self._labels[False], self._words.summarise()
        ranked = counts.rank()
        used = counts.frequency > 0
        labelled = max(counts.documents, 1)
        return DataSurvey(
            problems=tuple(self._found.problems),
            warnings=(*self._found.warnings, *self._find_warnings()),
            files=tuple(self._files),
            documents=sum(file.documents for file in self._files if not file.is_test),
            labelled_documents=counts.documents,
            mean_labels=counts.labels / labelled,
            mean_most_specific=counts.most_specific / labelled if self._taxonomy else None,
            levels=counts.summarise_levels(),
            most_frequent=tuple(ranked[:_RANKED]),
            least_frequent=tuple(ranked[: -_RANKED - 1 : -1]),
            unused=counts.select(~used),
            rare=counts.select(used & (counts.frequency < RARE)),
            only_ancestors=counts.select(used & (counts.as_specific == 0)),
            words=words,
            read_labels=tuple(self._list_read_labels()),
            replaced=self._found.replaced,
            removed=self._found.removed,
            contents=self._list_contents(),
            names=self._name({code for code, _ in (*ranked[:_RANKED], *ranked[-_RANKED:])}),
        )

    def _list_contents(self) -> dict[str, str]:
        if self._taxonomy is None:
            return {}
        found = {"taxonomy": self._taxonomy.version}
        for is_test, name in ((False, "data"), (True, "test")):
            if any(file.documents for file in self._files if file.is_test == is_test):
                found[name] = self._contents[is_test].hexdigest()
        return found

    def _name(self, codes: Iterable[str]) -> dict[str, str]:
        """Return the names of labels by their codes; none without a taxonomy."""
        if self._taxonomy is None:
            return {}
        index, names = self._taxonomy.index, self._taxonomy.names
        return {code: names[index[code]] for code in sorted(codes)}

    def _list_read_labels(self) -> Iterable[ReadLabel]:
        for (written, code), times in self._found.read_as.most_common():
            assert self._taxonomy is not None
            name = self._taxonomy.names[self._taxonomy.index[code]]
            yield ReadLabel(written, code, name, times)

    def _find_warnings(self) -> Iterable[Problem]:
        for prints in self._fingerprints:
            repeated = prints.find_repeated_texts()
            if repeated:
                yield repeated
        yield from find_overlaps(self._fingerprints)
        counts = self._labels[False]
        if self._unlabelled and not counts.documents:
            yield Problem("", "no document has labels.")
            return
        if self._unlabelled:
            what = f"{_count(self._unlabelled, 'document has', 'documents have')} no labels."
            yield Problem(self._first_unlabelled, what)
        yield from self._find_label_warnings(counts)

    def _find_label_warnings(self, counts: LabelCounts) -> Iterable[Problem]:
        if self._checker is None or not counts.documents:
            return
        used = counts.frequency > 0
        in_tests = self._labels[True].frequency > 0
        remarks = (
            (~used, "in no document"),
            (used & (counts.frequency < RARE), f"in fewer than {RARE} documents"),
            (used & (counts.as_specific == 0), "never the most specific one of a document"),
            (~used & in_tests, "in the test documents only"),
        )
        for mask, remark in remarks:
            codes = counts.select(mask)
            if codes:
                index, names = self._checker.taxonomy.index, self._checker.taxonomy.names
                shown = ", ".join(
                    with_name(code, names[index[code]]) for code in codes[:_SHOWN_LABELS]
                )
                more = ", ..." if len(codes) > _SHOWN_LABELS else ""
                what = f"{_count(len(codes), 'label is', 'labels are')} {remark}: {shown}{more}."
                yield Problem("", what)


def _as_lists(value: object) -> object:
    if isinstance(value, dict):
        return {key: _as_lists(part) for key, part in value.items()}
    return [_as_lists(part) for part in value] if isinstance(value, tuple | list) else value


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"

"""From the files of one program to those of another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harnn._files import check_writable, write_atomically
from harnn._places import are_one_place, check_suffix, is_directory, is_special
from harnn.config import DataConfig
from harnn.converters.formats import Format, find_format
from harnn.converters.label_numbers import ENDING
from harnn.converters.new_edition import REVIEW_COLUMNS, NewEdition, follow
from harnn.converters.notes import Notes
from harnn.converters.parts import Documents, Input, Output, Reading, beside
from harnn.data import ReadingLog
from harnn.data.files import STANDARD_INPUT
from harnn.data.label_checker import LabelChecker
from harnn.data.log import Rejected
from harnn.data.reading import find_fixes, resolve_labels
from harnn.data.writing import RowWriter, check_rows_place, open_rows
from harnn.errors import ConfigError, InputError, Problem
from harnn.taxonomy import LabelMapper, Taxonomy

Read = Callable[[Input], Reading]
Paths = Path | str | Sequence[Path | str]


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was converted, and what was lost on the way."""

    documents: int
    taxonomy: Taxonomy | None
    """The one that was given, or learned from the documents; of a new edition that one."""
    notes: tuple[str, ...]
    """What the format could not hold, in sentences with numbers."""


def convert(
    data: Paths,
    output: Path | str,
    *,
    source: str,
    target: str,
    taxonomy: Path | str | None = None,
    taxonomy_output: Path | str | None = None,
    config: DataConfig = DataConfig(),
    blank: str | None = None,
    edition: NewEdition | None = None,
    log: ReadingLog | None = None,
) -> Conversion:
    """Read documents in one format and write them in another, one by one.

    Nothing is written before everything went well. With a taxonomy all labels must be in it.

    Args:
        data: files, or directories where the format has those; all become one.
        output: the file or directory to write.
        source: the name of the format that is read, see :data:`FORMATS`.
        target: the name of the format that is written.
        taxonomy: a file in the form of *source*, or any that :meth:`harnn.Taxonomy.from_file`
            reads.
        taxonomy_output: where to write the taxonomy, in the form of *target*.
        config: how documents are read, and what becomes of bad ones.
        blank: what stands for a blank in labels, where a format separates labels by blanks.
        edition: a new edition of the taxonomy, to which the labels are taken along.
        log: is filled while the documents are read.

    Raises:
        ConfigError: unknown formats, or what they cannot do.
        DocumentError: documents that cannot be read, or be written like that, all of them.
        TaxonomyError: a taxonomy that cannot be read, or be written like that.
        MissingExtraError: Parquet, Arrow or zstandard without their extra.
        InputError: a place that cannot be written.
    """
    paths = [Path(data)] if isinstance(data, str | Path) else [Path(each) for each in data]
    output, log = Path(output), ReadingLog() if log is None else log
    place = Path(taxonomy_output) if taxonomy_output is not None else None
    review = edition.review if edition is not None else None
    given = Path(taxonomy) if taxonomy is not None else None
    from_, to = find_format(source, "source"), find_format(target, "target")
    read = _check(from_, to, config, blank)
    _check_inputs(from_, paths, given)
    _check_places(to, output, place, [*paths, *([given] if given else [])])
    _check_review(review, [*paths, *filter(None, [given, output, place])])
    notes = Notes()
    reading = read(Input(paths, given, config, log, notes))
    if place is not None and reading.taxonomy is None and edition is None:
        what = f"there is no taxonomy to write: none is given, and {source} does not tell one."
        raise ConfigError(Problem(str(place), what, "Give one with taxonomy (--taxonomy)."))
    documents, taxonomy_now = _checked(reading, config, log), reading.taxonomy
    before = log.read
    with ExitStack() as stack:
        if edition is not None:
            rows = _open_review(review, stack)
            documents = follow(documents, _mapper(edition, reading, source), notes, rows)
            taxonomy_now = edition.taxonomy
        if place is not None and taxonomy_now is not None:
            file = stack.enter_context(write_atomically(place))
            to.write_taxonomy(taxonomy_now, file, place, notes)
        to.write(
            Output(output, documents, taxonomy_now, stack, config, log, notes, reading.cut, blank)
        )
    return Conversion(log.read - before, taxonomy_now, tuple(notes))


def _check_review(review: Path | None, others: Sequence[Path]) -> None:
    """Refuse a place for the documents to look at, before any work is done."""
    if review is None:
        return
    check_rows_place(review)
    check_writable(review)
    if any(are_one_place(review, each) or review.absolute() == each.absolute() for each in others):
        what = "is read or written by this command for something else."
        raise InputError(Problem(str(review), what, "Choose another place."))


def _mapper(edition: NewEdition, reading: Reading, source: str) -> LabelMapper:
    if reading.taxonomy is None:
        what = f"there is no old taxonomy: none is given, and {source} does not tell one."
        raise ConfigError(Problem("edition", what, "Give one with taxonomy (--taxonomy)."))
    return edition.mapper(reading.taxonomy)


def _open_review(review: Path | None, stack: ExitStack) -> RowWriter | None:
    if review is None:
        return None
    return stack.enter_context(open_rows(review, columns=REVIEW_COLUMNS))


def _check(from_: Format, to: Format, config: DataConfig, blank: str | None) -> Read:
    """Return what reads; refuse what the formats cannot do."""
    problems = config.check()
    if from_.read is None:
        what = "holds no texts, so that no documents can be read from it."
        problems.append(Problem(from_.name, what))
    if blank is not None and not to.replaces_blanks:
        problems.append(Problem(to.name, "takes labels with blanks as they are."))
    if blank is not None and (not blank.isprintable() or any(map(str.isspace, blank))):
        problems.append(Problem("blank", f"got {blank!r}, expected something without blanks."))
    if problems or from_.read is None:
        raise ConfigError(problems)
    return from_.read


def _check_inputs(form: Format, paths: Sequence[Path], taxonomy: Path | None) -> None:
    """Refuse standard input where it would have to be read twice."""
    if not paths:
        raise ConfigError(Problem("data", "there are no files to read."))
    if form.learns and taxonomy is None and Path(STANDARD_INPUT) in paths:
        what = f"can be read only once, but without a taxonomy {form.name} is read twice."
        raise InputError(Problem("standard input", what, "Write it to a file first."))


def _check_places(
    form: Format, output: Path, taxonomy: Path | None, inputs: Sequence[Path]
) -> None:
    """Refuse places that cannot be written, or are read, before any work is done."""
    if form.check is not None:
        form.check(output)
    special = is_special(output)
    if special and form.beside:
        what = f"{form.name} writes other files beside the documents: expected a file."
        raise InputError(Problem(str(output), what))
    if is_directory(output) and not form.writes_directories:
        raise InputError(Problem(str(output), "is a directory, expected a file."))
    if taxonomy is not None and form.taxonomy_suffixes:
        check_suffix(taxonomy, form.taxonomy_suffixes)
    endings = (*form.beside, *((ENDING,) if form.replaces_blanks else ()))
    places = [] if special else [output, *(beside(output, ending) for ending in endings)]
    for place in [*places, *([taxonomy] if taxonomy else [])]:
        check_writable(place)
        if any(are_one_place(place, each) for each in inputs):
            what = "is read by this command, so it cannot be written."
            raise InputError(Problem(str(place), what, "Choose another place."))
    if taxonomy is not None and taxonomy.absolute() in [place.absolute() for place in places]:
        what = "is to hold both the documents and the taxonomy."
        raise InputError(Problem(str(taxonomy), what, "Choose two places."))


def _checked(reading: Reading, config: DataConfig, log: ReadingLog) -> Documents:
    """Hold the labels of documents to the taxonomy, if there is one."""
    checker = None
    if reading.taxonomy is not None:
        checker = LabelChecker(reading.taxonomy, config.labels_by)
    fixes = find_fixes(config, checker)
    for document in reading.documents:
        if isinstance(document, Rejected) or document.labels is None:
            yield document
        elif checker is not None:
            found = resolve_labels(document, checker, config, log, fixes)
            yield found if isinstance(found, Rejected) else found[0]
        else:
            yield document if fixes is None else fixes.apply(document, log)

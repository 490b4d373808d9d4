"""A taxonomy's file: what form it has, and its text.

Pairs: a line is ``child<TAB>parent``; ``ROOT`` stands for the top; a label with several parents has
several lines. The header ``child<TAB>parent``, blank lines and lines that start with ``#`` and
have no tab are skipped; under the header ``parent<TAB>child`` the parent comes first.

Path strings are read in ``paths``, indented lines in ``outlines``, CSV, sheets and frames in
``tables``, JSON in ``json_forms``, RDF in ``skos``; ``foreign`` names what is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harnn._spreadsheets import EXTENSIONS
from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy import json_forms, own_json
from harnn.taxonomy.foreign import (
    find_markup,
    is_parent_first,
    refuse_other_columns,
)
from harnn.taxonomy.graph import ROOT, Draft
from harnn.taxonomy.labelling_configs import (
    draft_from_labelling_config,
    is_labelling_config,
)
from harnn.taxonomy.options import RDF, Form, ReadingOptions
from harnn.taxonomy.outlines import draft_from_outline, is_outline
from harnn.taxonomy.paths import ARROW, check_separator, draft_from_path_file
from harnn.taxonomy.skos import draft_from_skos
from harnn.taxonomy.tables import draft_from_delimited, draft_from_sheet, has_header
from harnn.taxonomy.text_files import content_lines, read_text
from harnn.taxonomy.vocabularies import draft_from_vocabulary, is_vocabulary

_BY_EXTENSION: dict[str, Form] = {
    ".ttl": "turtle",
    ".rdf": "rdfxml",
    ".owl": "rdfxml",
    ".nt": "ntriples",
    ".nq": "nquads",
    ".trig": "trig",
    ".jsonld": "jsonld",
}
_USUAL_DELIMITERS = {".tsv": "\t", ".csv": ","}


def read_file(path: Path, options: ReadingOptions, notes: list[str]) -> Draft | Mapping[str, Any]:
    """Read a file: into a draft, or, of our own JSON, what it holds.

    notes: what is remarkable in the file as such, beside those of the draft.

    Raises:
        TaxonomyError: problems that leave nothing to be read; others are in the draft.
        MissingExtraError: the form needs a package that is not installed.
    """
    if options.separator is not None:
        check_separator(options.separator)
    where = str(path)
    if options.form in (None, "table") and path.suffix.lower() in EXTENSIONS and path.is_file():
        options.check_fits("table", where)
        if options.encoding is not None:
            what = f"is a workbook, which says itself how it is encoded, not {options.encoding}."
            raise TaxonomyError(Problem(where, what, "Leave out encoding= (--taxonomy-encoding)."))
        return draft_from_sheet(path, options)
    if options.sheet is not None:
        what = f"is no workbook, so it has no sheet {options.sheet[:40]!r}."
        raise TaxonomyError(Problem(where, what))
    text = read_text(path, options.encoding, notes)
    if not text.strip():
        raise TaxonomyError(Problem(where, "holds no labels."))
    form = options.form or detect_form(path, text, options)
    if form == "json":
        return _read_json(path, text, options)
    options.check_fits(form, where)
    if form in RDF:
        return draft_from_skos(text, form, where, path.name, options)
    lines = list(content_lines(text))
    if not lines:
        raise TaxonomyError(Problem(where, "holds no labels."))
    if form == "vocabulary":
        return draft_from_vocabulary(text, lines, where, options.language)
    if form == "label-studio":
        return draft_from_labelling_config(text, where)
    if form == "table":
        usual = _USUAL_DELIMITERS.get(path.suffix.lower(), "\t" if "\t" in lines[0][1] else ",")
        return draft_from_delimited(text, where, options, usual)
    if form == "outline":
        return draft_from_outline(lines, where)
    if form == "paths":
        return draft_from_path_file(lines, where, options.separator)
    return _draft_from_pairs(lines, where)


def _read_json(path: Path, text: str, options: ReadingOptions) -> Draft | Mapping[str, Any]:
    where = str(path)
    value = json_forms.parse_json(text, where)
    if options.form is None and json_forms.is_json_ld(value):
        options.check_fits("jsonld", where)
        return draft_from_skos(text, "jsonld", where, path.name, options)
    options.check_fits("json", where)
    if own_json.is_own_format(value):
        return dict(value)
    return json_forms.draft_from_json(text, value, where, by_path=options.by_path)


def detect_form(path: Path, text: str, options: ReadingOptions) -> Form:
    """Tell the form of a text by the extension of its file and by its content.

    Raises:
        TaxonomyError: a form that is not read, by its name; or no labels at all.
    """
    where = str(path)
    extension = path.suffix.lower()
    lines = list(content_lines(text))
    if lines and not options.columns and is_vocabulary(lines, extension):
        return "vocabulary"
    markup = find_markup(text)
    if text.lstrip()[:1] == "<" and extension not in _BY_EXTENSION and is_labelling_config(text):
        return "label-studio"
    if markup is not None and markup.form is None and extension not in _BY_EXTENSION:
        raise TaxonomyError(Problem(where, markup.what, markup.hint))
    by_extension = _BY_EXTENSION.get(extension)
    if by_extension is not None:
        told = markup.form if markup is not None and markup.form is not None else by_extension
        # Turtle holds N-Triples, and TriG holds Turtle: the extension tells more.
        return told if {told, by_extension} == {"turtle", "rdfxml"} else by_extension
    if markup is not None and markup.form is not None:
        return markup.form
    if not lines:
        raise TaxonomyError(Problem(where, "holds no labels."))
    first = lines[0][1].strip()
    is_json = extension in (".json", ".jsonl") or (first[0] in "{[" and "\t" not in first)
    if is_json and options.separator is not None:
        what = "is JSON, in which no separator stands between labels."
        raise TaxonomyError(Problem(where, what))
    if is_json:
        return "json"
    if options.columns or (extension == ".csv" and options.separator is None):
        return "table"
    return _detect_lines(lines, extension, options)


def _detect_lines(lines: list[tuple[int, str]], extension: str, options: ReadingOptions) -> Form:
    header = lines[0][1]
    delimiters = "\t" if "\t" in header.strip() else ",;|"
    cells = (header.split(mark) for mark in delimiters)
    if any(len(each) > 1 and not _are_pairs(each) and has_header(each) for each in cells):
        return "table"
    if options.separator is not None:
        return "paths"
    if is_outline(lines):
        return "outline"
    if extension == ".tsv" or "\t" in header.strip():
        return "paths" if _are_identified_paths(lines) else "pairs"
    return "paths"


def _are_pairs(cells: list[str]) -> bool:
    """Tell the header of tab-separated pairs, which has no other columns."""
    return is_parent_first(cells) or is_parent_first(cells[::-1])


def _are_identified_paths(lines: list[tuple[int, str]]) -> bool:
    """Tell lines of ``identifier<TAB>A > B`` from pairs."""
    firsts: set[str] = set()
    arrows = count = 0
    seconds: set[str] = set()
    for _, line in lines:
        first, _, second = (cell.strip() for cell in line.partition("\t"))
        if not first or not second or "\t" in second or second == ROOT:
            return False
        count += 1
        firsts.add(first)
        seconds.add(second)
        arrows += ARROW in second
    return arrows > 0 and len(firsts) == len(seconds) == count and not firsts & seconds


def _draft_from_pairs(lines: list[tuple[int, str]], source: str) -> Draft:
    draft = Draft(source)
    cells = [cell.strip() for cell in lines[0][1].split("\t")]
    swapped = is_parent_first(cells)
    if swapped or is_parent_first(cells[::-1]):
        del lines[0]
    if lines and not swapped:
        refuse_other_columns(lines, source)
    for number, line in lines:
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) == 2:
            child, parent = reversed(cells) if swapped else cells
            draft.add(child, parent, number)
            continue
        found = "1 column" if len(cells) == 1 else f"{len(cells)} columns"
        what = f"found {found}, expected 2: child and parent, separated by a tab."
        draft.refuse(number, what)
        draft.mentioned.update(cells)
    return draft

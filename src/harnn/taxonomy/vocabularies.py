"""Vocabularies of Annif: subjects with a URI and a name, and nothing above each other.

TSV: ``<uri><TAB>name``, and perhaps a notation. CSV: a header of ``uri``, ``label_en`` (and of
other languages) and perhaps ``notation``. Source:
https://github.com/NatLibFi/Annif/wiki/Subject-vocabulary-formats.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harnn._delimited import Line, read_csv
from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy.graph import ROOT, Draft
from harnn.taxonomy.iris import label_of_iri
from harnn.taxonomy.table_columns import find_columns

_SUBJECT = re.compile(r"\s*<([^<>\s]+)>\t([^\t]*)(?:\t([^\t]*))?")
_LANGUAGE = re.compile(r"label_([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)")
_LONGEST_ROW = 1 << 24
_NO_LEVELS = "A vocabulary of Annif has no levels: all labels stand at the top."


def is_vocabulary(lines: Sequence[tuple[int, str]], extension: str) -> bool:
    """Tell the lines of a vocabulary, as TSV or as CSV, from pairs, tables and RDF."""
    if extension == ".csv":
        cells = _cells(lines[0][1])
        is_table = find_columns(cells).suffices  # it tells parents or paths
        return "uri" in cells and any(map(_LANGUAGE.fullmatch, cells)) and not is_table
    found = _SUBJECT.fullmatch(lines[0][1].rstrip("\r")) if extension == ".tsv" else None
    return found is not None and found[2].strip() != ROOT


def draft_from_vocabulary(
    text: str, lines: Sequence[tuple[int, str]], source: str, language: str | None
) -> Draft:
    """Read a vocabulary; language: of names in CSV, None: English, else the first that is there.

    Raises:
        TaxonomyError: there are no names in that language.
    """
    draft = Draft(source, complete=True)
    if _SUBJECT.match(lines[0][1]):
        _read_tsv(lines, draft)
    else:
        _read_csv(text, draft, language)
    draft.notes.append(_NO_LEVELS)
    return draft


def _read_tsv(lines: Sequence[tuple[int, str]], draft: Draft) -> None:
    for number, line in lines:
        subject = _SUBJECT.fullmatch(line.rstrip("\r"))
        if subject is None:
            draft.refuse(number, "expected a URI in angle brackets, a tab, and a name.")
        else:
            _take(draft, number, subject[1], subject[2], subject[3] or "")


def _read_csv(text: str, draft: Draft, language: str | None) -> None:
    lines = (Line(n, f"{line}\n".encode()) for n, line in enumerate(text.split("\n"), start=1))
    records = (each for each in read_csv(lines, ",", _LONGEST_ROW) if any(each.cells) or each.what)
    header = next(records)
    names = [cell.strip() for cell in header.cells]
    chosen = _choose(names, language, draft)
    for record in records:
        if record.what or len(record.cells) != len(names):
            what = f"has {len(record.cells):,} cells, expected {len(names):,}."
            draft.refuse(record.line, record.what or what, record.hint)
            continue
        row = dict(zip(names, record.cells, strict=True))
        uri = row.get("uri", "").strip()
        _take(
            draft,
            record.line,
            uri.removeprefix("<").removesuffix(">"),
            row[chosen],
            row.get("notation", ""),
        )


def _choose(names: Sequence[str], language: str | None, draft: Draft) -> str:
    """Return the column of names in a language, and note the others."""
    found = {match[1].lower(): name for name in names if (match := _LANGUAGE.fullmatch(name))}
    if "uri" not in names or not found or (language is not None and language.lower() not in found):
        wanted = f"label_{language}" if language is not None else "label_en"
        what = f"expected the columns 'uri' and {wanted!r}, found {', '.join(names)[:200]}."
        raise TaxonomyError(Problem(draft.where(1), what))
    tag = language.lower() if language is not None else "en" if "en" in found else next(iter(found))
    others = [name for key, name in found.items() if key != tag]
    if others:
        what = f"Names are read from {found[tag]!r}, and not from {', '.join(others)}; "
        draft.notes.append(f"{what}language= (--language) chooses.")
    return found[tag]


def _take(draft: Draft, number: int, uri: str, name: str, notation: str) -> None:
    code = label_of_iri(uri)
    draft.add(code, ROOT, number)
    draft.iris[code] = uri
    if name.strip():
        draft.names[code] = " ".join(name.split())
    if notation.strip():
        draft.notations[code] = " ".join(notation.split())


def _cells(line: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.rstrip("\r").split(",")]

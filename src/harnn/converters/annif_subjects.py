"""Subjects of Annif: URIs in angle brackets, and vocabularies of URIs and names.

Codes that are no URIs are written as relative ones, in which what no URI may hold is
percent-encoded (RFC 3986, section 2.1). Source of the vocabulary:
https://github.com/NatLibFi/Annif/wiki/Subject-vocabulary-formats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import IO
from urllib.parse import unquote

from harnn.converters.notes import Notes
from harnn.converters.parts import Input
from harnn.converters.taxonomies import read_own_taxonomy
from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy import Taxonomy
from harnn.taxonomy.graph import ROOT, Draft, arrange
from harnn.taxonomy.text_files import content_lines, read_text

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0<>\"{}|\\^`\s]")
_ENCODED = re.compile(rf"{_FORBIDDEN.pattern[:-1]}%:]")
_SUBJECT = re.compile(r"\s*<([^<>\s]*)>\t(.*)")


def to_uri(code: str) -> str:
    """Return a label as a URI, without the brackets."""
    if _SCHEME.match(code) and not _FORBIDDEN.search(code):
        return code
    return _ENCODED.sub(_encode, code)


def from_uri(uri: str) -> str:
    """Return the label of a URI, with or without brackets."""
    if uri.startswith("<") and uri.endswith(">"):
        uri = uri[1:-1]
    return uri if _SCHEME.match(uri) else unquote(uri)


def _encode(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def names_of(taxonomy: Taxonomy | None) -> Mapping[str, str]:
    """Return the label of each name that one label alone has."""
    found: dict[str, str] = {}
    if taxonomy is not None:
        repeated: set[str] = set()
        for code, name in zip(taxonomy.codes, taxonomy.names, strict=True):
            repeated |= {name} if found.setdefault(name, code) != code else set()
        for name in repeated:
            del found[name]
    return found


def read_vocabulary(source: Input) -> Taxonomy | None:
    """Read a vocabulary of ``<uri><TAB>name``, all on one level, or a taxonomy of ours.

    Raises:
        TaxonomyError: every problem of the file.
    """
    path = source.taxonomy
    if path is None or path.suffix.lower() != ".tsv":
        return read_own_taxonomy(source)
    lines = list(content_lines(read_text(path)))
    if not lines or not _SUBJECT.match(lines[0][1]):
        return read_own_taxonomy(source)
    draft, names = Draft(str(path)), {}
    for number, line in lines:
        subject = _SUBJECT.match(line.rstrip("\r"))
        if subject is None:
            draft.refuse(number, "expected a URI in angle brackets, a tab, and a name.")
            continue
        code = from_uri(subject[1])
        draft.add(code, ROOT, number)
        names[code] = subject[2].partition("\t")[0].strip()
    arrange(draft)  # which finds the problems, with their lines
    source.notes.say("Vocabularies of Annif in TSV have no levels: all labels stand at the top.")
    return Taxonomy.from_edges(zip(draft.children, draft.parents, strict=True), names)


def write_vocabulary(taxonomy: Taxonomy, file: IO[str], path: Path, notes: Notes) -> None:
    """Write ``<uri><TAB>name`` a label.

    Raises:
        TaxonomyError: a name has a tab or a line break in it.
    """
    if taxonomy.depth > 1:
        notes.say("Vocabularies of Annif in TSV have no levels: what stands above what is lost.")
    told = [c for c, text in zip(taxonomy.codes, taxonomy.descriptions, strict=True) if text]
    if told:
        notes.add("descriptions are lost in the taxonomy", told[0], unit="label", count=len(told))
    for code, name in zip(taxonomy.codes, taxonomy.names, strict=True):
        if re.search(r"[\t\r\n]", name):
            what = f"the name of {code!r} has a tab or a line break in it."
            raise TaxonomyError(Problem(str(path), what))
        file.write(f"<{to_uri(code)}>\t{name}\n")

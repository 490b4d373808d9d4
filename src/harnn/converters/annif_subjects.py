"""Subjects of Annif: URIs in angle brackets, and vocabularies of URIs and names.

Labels without a URI get the one that :mod:`harnn.taxonomy.iris` makes for SKOS too, so that a
vocabulary and a corpus fit however each was written. Relative ones, percent-encoded, are read too.
Source of the vocabulary:
https://github.com/NatLibFi/Annif/wiki/Subject-vocabulary-formats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO
from urllib.parse import unquote

from harnn.converters.notes import Notes
from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy import Taxonomy
from harnn.taxonomy.iris import label_iri, label_of_iri
from harnn.taxonomy.writing.skos import skos_text

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
VOCABULARIES = (".tsv", ".ttl", ".nt")
"""Suffixes of vocabularies that are written."""


def uris_of(taxonomy: Taxonomy | None) -> Callable[[str], str]:
    """Return what tells the URI of a label, without the brackets."""
    known = {}
    if taxonomy is not None:
        pairs = zip(taxonomy.codes, taxonomy.iris, strict=True)
        known = {code: label_iri(code, iri) for code, iri in pairs}
    return lambda label: known.get(label) or label_iri(label)


def from_uri(uri: str) -> str:
    """Return the label of a URI, with or without brackets."""
    if uri.startswith("<") and uri.endswith(">"):
        uri = uri[1:-1]
    return label_of_iri(uri) if _SCHEME.match(uri) else unquote(uri)


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


def write_vocabulary(taxonomy: Taxonomy, file: IO[str], path: Path, notes: Notes) -> None:
    """Write ``<uri><TAB>name`` a label, with its notation where there is one, or SKOS.

    Raises:
        TaxonomyError: a name has a tab or a line break in it.
    """
    if path.suffix.lower() != ".tsv":
        form = "turtle" if path.suffix.lower() == ".ttl" else "ntriples"
        text, more = skos_text(taxonomy, form)
        for note in more:
            notes.say(note)
        what = "Annif reads names in SKOS by their language, and these have none"
        notes.say(f"{what}: harnn taxonomy convert --tag en writes one.")
        file.write(text)
        return
    if taxonomy.depth > 1:
        notes.say("Vocabularies of Annif in TSV have no levels: what stands above what is lost.")
    told = [c for c, text in zip(taxonomy.codes, taxonomy.descriptions, strict=True) if text]
    if told:
        notes.add("descriptions are lost in the taxonomy", told[0], unit="label", count=len(told))
    uris = uris_of(taxonomy)
    rows = zip(taxonomy.codes, taxonomy.names, taxonomy.notations, strict=True)
    for code, *texts in rows:
        if any(re.search(r"[\t\r\n]", text) for text in texts):
            what = f"the name or notation of {code!r} has a tab or a line break in it."
            raise TaxonomyError(Problem(str(path), what))
        file.write("\t".join([f"<{uris(code)}>", *texts]).rstrip("\t") + "\n")

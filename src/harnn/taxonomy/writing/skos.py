"""SKOS in Turtle or N-Triples, which :mod:`harnn.taxonomy.skos` reads back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harnn._optional import require
from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy.iris import BASE, label_iri
from harnn.taxonomy.options import Codes
from harnn.taxonomy.rdf import SKOS
from harnn.taxonomy.skos_codes import choose_codes
from harnn.taxonomy.taxonomy import Taxonomy

_OWL = "http://www.w3.org/2002/07/owl#"
_DCT = "http://purl.org/dc/terms/"
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_PREFIXES = {"skos": SKOS, "owl": _OWL, "dct": _DCT}


def skos_text(
    taxonomy: Taxonomy, form: str, *, language: str = "", base: str = BASE
) -> tuple[str, tuple[str, ...]]:
    """Return the text and notes on how it is to be read again.

    form: ``turtle`` or ``ntriples``. language: tag of all texts, empty: none. base: of the IRIs
    of labels that have none, followed by the code.

    Raises:
        TaxonomyError: base or language cannot be used.
        MissingExtraError: pyoxigraph is not installed.
    """
    rdf = require("pyoxigraph", extra="skos", purpose="Writing SKOS")
    _check(rdf, base, language)
    iris = [
        iri if _is_iri(rdf, iri) else label_iri(code, base=base)
        for code, iri in zip(taxonomy.codes, taxonomy.iris, strict=True)
    ]
    formers = taxonomy.former_iris
    retired = {old: label_iri(old, formers.get(old, ""), base) for old in taxonomy.former}
    triples = _triples(taxonomy, iris, retired, rdf, language)
    syntax = rdf.RdfFormat.TURTLE if form == "turtle" else rdf.RdfFormat.N_TRIPLES
    prefixes = _PREFIXES if form == "turtle" else {}
    text = rdf.serialize(triples, format=syntax, prefixes=prefixes).decode("utf-8")
    return text, tuple(_how_to_read(taxonomy, iris, retired, prefixes))


def _check(rdf: Any, base: str, language: str) -> None:
    if not _is_iri(rdf, f"{base}x"):
        hint = "It ends in /, # or :, as https://example.org/topics/."
        raise TaxonomyError(Problem("base", f"{base[:80]!r} is no beginning of an IRI.", hint))
    if language:
        try:
            rdf.Literal("", language=language)
        except ValueError:
            what = f"got {language[:40]!r}, expected a language tag, as 'en' or 'pt-BR'."
            raise TaxonomyError(Problem("language", what)) from None


def _is_iri(rdf: Any, text: str) -> bool:
    try:
        rdf.NamedNode(text)
    except ValueError:
        return False
    return True


def _triples(
    taxonomy: Taxonomy, iris: Sequence[str], retired: dict[str, str], rdf: Any, language: str
) -> Iterator[Any]:
    def literal(text: str) -> Any:
        return rdf.Literal(text, language=language) if language else rdf.Literal(text)

    def told(subject: str, predicate: str, value: Any) -> Any:
        node = rdf.NamedNode(value) if isinstance(value, str) else value
        return rdf.Triple(rdf.NamedNode(subject), rdf.NamedNode(predicate), node)

    for column, iri in enumerate(iris):
        yield told(iri, _TYPE, f"{SKOS}Concept")
        yield told(iri, f"{SKOS}prefLabel", literal(taxonomy.names[column]))
        for name in taxonomy.alternatives[column]:
            yield told(iri, f"{SKOS}altLabel", literal(name))
        if taxonomy.notations[column]:
            yield told(iri, f"{SKOS}notation", rdf.Literal(taxonomy.notations[column]))
        if taxonomy.descriptions[column]:
            yield told(iri, f"{SKOS}definition", literal(taxonomy.descriptions[column]))
        for parent in taxonomy.parents(column).tolist():
            yield told(iri, f"{SKOS}broader", iris[parent])
        for code in taxonomy.successors.get(taxonomy.codes[column], ()):
            yield told(iris[taxonomy.index[code]], f"{_DCT}replaces", iri)
    for old, iri in retired.items():
        yield told(iri, f"{_OWL}deprecated", rdf.Literal(True))
        for new in taxonomy.former[old]:
            yield told(iri, f"{_DCT}isReplacedBy", iris[taxonomy.index[new]])
    for code, note in taxonomy.change_notes.items():
        iri = retired[code] if code in retired else iris[taxonomy.index[code]]
        yield told(iri, f"{SKOS}changeNote", literal(note))


def _how_to_read(
    taxonomy: Taxonomy, iris: Sequence[str], retired: dict[str, str], prefixes: dict[str, str]
) -> Iterator[str]:
    """Say which option brings the codes back, where they do not come back by themselves."""
    every = [*iris, *retired.values()]
    wanted = [*taxonomy.codes, *retired]
    notations = dict(zip(iris, taxonomy.notations, strict=True))
    notations = {iri: notation for iri, notation in notations.items() if notation}
    if len(set(every)) < len(every):
        yield "Labels share an IRI, so that the file cannot be read back."
        return
    rules: tuple[Codes, ...] = ("auto", "notation", "iri")
    for rule in rules:
        found = choose_codes(every, notations, prefixes, rule, [], living=iris)
        if [found[iri] for iri in every] == wanted:
            if rule != "auto":
                yield f"To read it with the same codes: codes={rule!r} (--codes {rule})."
            return
    yield "Read again, it has other codes: those of this taxonomy are no ends of IRIs."

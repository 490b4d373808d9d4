"""RDF in any of its syntaxes, parsed by pyoxigraph (extra ``skos``) and held to bounds.

Nothing is fetched: contexts of JSON-LD that stand elsewhere and external entities of XML are
refused. What grows beyond measure in the parser is refused before it: elements of RDF/XML and
brackets of JSON-LD that are nested deeply take it quadratic time, and entities of XML are
expanded without a limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from harnn._optional import require
from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy.graph import shorten
from harnn.taxonomy.options import Form

SKOS = "http://www.w3.org/2004/02/skos/core#"
SKOS_XL = "http://www.w3.org/2008/05/skos-xl#"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_OWL = "http://www.w3.org/2002/07/owl#"
_DCT = "http://purl.org/dc/terms/"
VOCABULARY = {
    f"{_RDF}type": "type",
    f"{_RDF}value": "value",
    f"{_RDF}first": "first",
    f"{_RDF}rest": "rest",
    f"{_RDFS}label": "label",
    f"{_OWL}deprecated": "deprecated",
    f"{_DCT}isReplacedBy": "isReplacedBy",
    f"{_DCT}replaces": "replaces",
    f"{SKOS_XL}prefLabel": "xlPrefLabel",
    f"{SKOS_XL}altLabel": "xlAltLabel",
    f"{SKOS_XL}literalForm": "literalForm",
} | {
    f"{SKOS}{name}": name
    for name in (
        *("broader", "narrower", "broaderTransitive", "topConceptOf", "hasTopConcept", "inScheme"),
        *("prefLabel", "altLabel", "notation", "definition", "scopeNote", "member", "memberList"),
        *("changeNote", "historyNote"),
    )
}
"""Predicates that are kept, by short names; everything else of a file is passed over."""

_SYNTAX: dict[Form, str] = {
    "turtle": "TURTLE",
    "rdfxml": "RDF_XML",
    "ntriples": "N_TRIPLES",
    "nquads": "N_QUADS",
    "trig": "TRIG",
    "jsonld": "JSON_LD",
}
_DEEPEST = 200
"""Elements or brackets inside each other."""
_LONGEST_ENTITY = 200
"""Characters; real ones abbreviate the beginnings of IRIs."""
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.S)
_DECLARED_ENCODING = re.compile(r"""\A(<\?xml[^<>]*\sencoding\s*=\s*["'])[^"'<>]*(["'])""")
_PARSER_PLACE = re.compile(r"^Parser error at .*?: |\s*\(line \d+\)$|[.\s]+$", re.S)
_BASE = "file:///"


@dataclass(slots=True)
class Graph:
    """What a file says with the predicates of ``VOCABULARY``, by predicate and subject."""

    links: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """IRIs, or blank nodes as ``_:b1``."""
    texts: dict[str, dict[str, list[tuple[str, str]]]] = field(default_factory=dict)
    """Language tags in small letters (empty where there is none) and texts."""
    subjects: dict[str, None] = field(default_factory=dict)
    """In order of first appearance."""
    prefixes: Mapping[str, str] = field(default_factory=dict)
    """Namespaces by prefix."""

    def linked(self, predicate: str) -> Mapping[str, list[str]]:
        return self.links.get(predicate, {})

    def told(self, predicate: str) -> Mapping[str, list[tuple[str, str]]]:
        return self.texts.get(predicate, {})


def parse_rdf(text: str, form: Form, source: str, name: str) -> Graph:
    """Parse RDF; name: of the file, against which relative IRIs are read.

    Raises:
        TaxonomyError: malformed, with file and line; or it would grow beyond measure.
        MissingExtraError: pyoxigraph is not installed.
    """
    rdf = require("pyoxigraph", extra="skos", purpose=f"Reading {source} (SKOS)")
    if form == "rdfxml":
        text = _DECLARED_ENCODING.sub(r"\1UTF-8\2", text, count=1)  # it is decoded already
        _check_xml(text, source)
    elif form == "jsonld":
        _check_brackets(text, source)
    for base in (f"{_BASE}{_plain_name(name)}", _BASE):
        try:
            parser = rdf.parse(
                input=text, format=getattr(rdf.RdfFormat, _SYNTAX[form]), base_iri=base
            )
            break
        except ValueError:  # a name that no IRI can hold
            continue
    graph = Graph()
    try:
        _gather(parser, graph)
    except SyntaxError as error:
        raise TaxonomyError(_syntax_problem(error, form, source)) from None
    except (MemoryError, RecursionError):
        what = "a literal or a name is larger than 16 MiB, or nested too deeply to be read."
        raise TaxonomyError(Problem(source, what)) from None
    except (ValueError, OSError) as error:
        raise TaxonomyError(Problem(source, f"cannot be read: {shorten(str(error))}.")) from None
    graph.prefixes = dict(parser.prefixes)
    return graph


def _plain_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def _gather(parser: Iterator[Any], graph: Graph) -> None:
    for quad in parser:
        name = VOCABULARY.get(quad.predicate.value)
        if name is None:
            continue
        subject, value = _node(quad.subject), quad.object
        graph.subjects.setdefault(subject)
        node = _node(value)
        if node:
            graph.links.setdefault(name, {}).setdefault(subject, []).append(node)
        else:
            entry = (value.language or "").lower(), value.value
            graph.texts.setdefault(name, {}).setdefault(subject, []).append(entry)


def _node(term: Any) -> str:
    """Return an IRI, or a blank node as ``_:b1``; empty for a literal."""
    kind = type(term).__name__
    if kind == "NamedNode":
        return str(term.value)
    return f"_:{term.value}" if kind == "BlankNode" else ""


def _syntax_problem(error: SyntaxError, form: Form, source: str) -> Problem:
    where = f"{source}:{error.lineno}" if error.lineno else source
    said = shorten(_PARSER_PLACE.sub("", error.msg or str(error)))
    if "LoadDocumentCallback" in said:
        what = "is JSON-LD whose context stands elsewhere; nothing is fetched."
        return Problem(source, what, "Write the context into the file, or convert it to Turtle.")
    return Problem(where, f"is not valid {_called(form)}: {said}.")


def _called(form: Form) -> str:
    names = {"rdfxml": "RDF/XML", "ntriples": "N-Triples", "nquads": "N-Quads", "trig": "TriG"}
    return names.get(form, "Turtle" if form == "turtle" else "JSON-LD")


def _check_xml(text: str, source: str) -> None:
    """Refuse broken XML with its line, deep nesting and entities that multiply.

    Raises:
        TaxonomyError: one of these.
    """
    parser = expat.ParserCreate("utf-8")
    depth = 0

    def refuse(what: str) -> None:
        raise TaxonomyError(Problem(f"{source}:{parser.CurrentLineNumber}", what))

    def start(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            refuse(f"more than {_DEEPEST} elements stand inside each other.")

    def end(*_: object) -> None:
        nonlocal depth
        depth -= 1

    def entity(name: str, is_parameter: bool, value: str | None, *_: object) -> None:
        if value is None or is_parameter or "&" in value or len(value) > _LONGEST_ENTITY:
            refuse(f"the entity {name[:40]!r} stands for more than a short text.")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        said = expat.ErrorString(error.code)
        what = f"is not valid XML: {said}."
        raise TaxonomyError(Problem(f"{source}:{error.lineno}", what)) from None


def _check_brackets(text: str, source: str) -> None:
    depth = 0
    for match in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > _DEEPEST:
            line = text.count("\n", 0, match.start()) + 1
            what = f"more than {_DEEPEST} brackets stand inside each other."
            raise TaxonomyError(Problem(f"{source}:{line}", what))

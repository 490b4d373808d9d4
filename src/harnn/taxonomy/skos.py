"""Taxonomies from SKOS.

**Labels** are the concepts: what has the type ``skos:Concept``, or has a name and stands in the
hierarchy. Retired ones (``owl:deprecated true``) are left out before anything else is looked at;
what they are replaced by (``dcterms:isReplacedBy``, the inverse of ``dcterms:replaces``) is kept.
What a concept replaces that is told of nowhere else is retired too. Blank nodes are left out.

**Parents**: ``skos:broader`` and the inverse of ``skos:narrower``; labels without one stand at the
top. ``broaderTransitive`` is not read: it says nothing of who stands next to whom. Where concepts
are above each other in a circle, the edges that close it are left out, told in a note.

**Texts** are chosen by language: the one asked for, its regional kinds (``en-gb``), English, its
regional kinds, no language, any other in alphabetical order. The name is the ``prefLabel``, also
of SKOS-XL, else the ``rdfs:label``; the description is the ``definition`` with the ``scopeNote``
after it; what is told of its past the ``changeNote`` with the ``historyNote`` after it. Alternative
names are the ``altLabel`` texts of the name's language, of its regional kinds and of none, and
preferred names of a regional kind.

**Collections**, where asked for, stand above their members: a member whose ancestors stand in the
collection already gets no edge of its own to it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harnn._display import counted
from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy.graph import ROOT, Draft, nearest, shorten
from harnn.taxonomy.options import Form, ReadingOptions
from harnn.taxonomy.rdf import SKOS, Graph, parse_rdf
from harnn.taxonomy.skos_codes import choose_codes
from harnn.taxonomy.skos_history import Above, find_replacements, keep_history

_SHOWN = 20


def draft_from_skos(
    text: str, form: Form, source: str, name: str, options: ReadingOptions
) -> Draft:
    """Read SKOS in the syntax *form*; name: of the file.

    Raises:
        TaxonomyError: malformed RDF, no concepts, or no such scheme.
        MissingExtraError: pyoxigraph is not installed.
    """
    graph = parse_rdf(text, form, source, name)
    notes: list[str] = []
    concepts = _Concepts.of(graph, options, source, notes)
    above = _parents(concepts, graph, notes)
    _break_cycles(above, concepts, notes)
    if options.collections:
        _add_collections(above, concepts, graph, notes)
    elif concepts.collections:
        count = f"{len(concepts.collections):,} collections"
        notes.append(
            f"The file has {count}; collections=True (--collections) reads them as labels."
        )
    return _drafted(above, concepts, graph, options, source, notes)


# --- which concepts ---------------------------------------------------------------------------


@dataclass(slots=True)
class _Concepts:
    """Concepts by IRI, in order of first appearance."""

    living: dict[str, None]
    retired: dict[str, None]
    collections: dict[str, None]
    tops: dict[str, None]
    """What a scheme says to stand at the top."""

    @classmethod
    def of(cls, graph: Graph, options: ReadingOptions, source: str, notes: list[str]) -> _Concepts:
        schemes, tops = _schemes(graph)
        retired = {
            iri: None
            for iri, values in graph.told("deprecated").items()
            if any(value in ("true", "1") for _, value in values)
        }
        found = _concepts(graph, tops)
        if not found and not retired:
            what = "holds RDF, but no concept of SKOS; classes of RDFS and OWL are not read."
            raise TaxonomyError(Problem(source, what))
        living = {iri: None for iri in found if iri not in retired}
        replaced = sum(iri in retired for iri in graph.linked("isReplacedBy"))
        blank = [iri for iri in living if iri.startswith("_:")]
        for iri in blank:
            del living[iri]
        if retired:
            left_out = counted(len(retired), "retired concept")
            notes.append(
                f"{left_out} left out (owl:deprecated), {replaced:,} of them with a replacement."
            )
        if blank:
            notes.append(f"{counted(len(blank), 'concept')} without an IRI left out.")
        if options.scheme is not None:
            living = _of_scheme(living, options.scheme, schemes, graph, source)
        elif len(schemes) > 1:
            named = ", ".join(itertools.islice(schemes, 5))
            notes.append(
                f"The file has {len(schemes):,} concept schemes, and all are read ({named}); "
                "scheme=IRI (--scheme IRI) chooses one."
            )
        if not living:
            raise TaxonomyError(Problem(source, "holds no concepts that are not retired."))
        kinds = graph.linked("type")
        groups = {f"{SKOS}Collection", f"{SKOS}OrderedCollection"}
        collections = {
            iri: None
            for iri in graph.subjects
            if groups & set(kinds.get(iri, ())) and not iri.startswith("_:") and iri not in retired
        }
        kept = {iri: None for iri in graph.subjects if iri in living}
        return cls(kept, retired, collections, {top: None for top in tops if top in kept})


def _schemes(graph: Graph) -> tuple[dict[str, None], dict[str, None]]:
    """Return the concept schemes, and the concepts that stand at their top."""
    kind = f"{SKOS}ConceptScheme"
    schemes = {iri: None for iri, kinds in graph.linked("type").items() if kind in kinds}
    tops: dict[str, None] = {}
    for scheme, below in graph.linked("hasTopConcept").items():
        schemes.setdefault(scheme)
        tops |= dict.fromkeys(below)
    for concept, of in graph.linked("topConceptOf").items():
        tops.setdefault(concept)
        schemes |= dict.fromkeys(of)
    return schemes, tops


def _concepts(graph: Graph, tops: Iterable[str]) -> dict[str, None]:
    kinds = graph.linked("type")
    kind = f"{SKOS}Concept"
    hierarchical = set(tops)
    for predicate in ("broader", "narrower"):
        for subject, others in graph.linked(predicate).items():
            hierarchical.add(subject)
            hierarchical.update(others)
    named = (graph.told("prefLabel"), graph.linked("xlPrefLabel"))
    return {
        iri: None
        for iri in graph.subjects
        if kind in kinds.get(iri, ())
        or (iri in hierarchical and any(iri in names for names in named))
    }


def _of_scheme(
    living: Mapping[str, None], scheme: str, schemes: Iterable[str], graph: Graph, source: str
) -> dict[str, None]:
    """Keep the concepts of a scheme, and those below them that say nothing of theirs.

    Raises:
        TaxonomyError: there is no such scheme.
    """
    known = list(dict.fromkeys([*schemes, *_flat(graph.linked("inScheme"))]))
    if scheme not in known:
        what = f"has no concept scheme {scheme[:200]!r}; it has {', '.join(known[:5]) or 'none'}."
        raise TaxonomyError(Problem(source, what, nearest(scheme, known)))
    said = {iri: set(of) for iri, of in graph.linked("inScheme").items()}
    for iri, of in graph.linked("topConceptOf").items():
        said.setdefault(iri, set()).update(of)
    for top in graph.linked("hasTopConcept").get(scheme, ()):
        said.setdefault(top, set()).add(scheme)
    kept = {iri: None for iri in living if scheme in said.get(iri, ())}
    below: dict[str, list[str]] = {}
    for child, parent in _edges(graph):
        below.setdefault(parent, []).append(child)
    waiting = list(kept)
    while waiting:
        for child in below.get(waiting.pop(), ()):
            if child in living and child not in kept and child not in said:
                kept[child] = None
                waiting.append(child)
    return kept


def _flat(links: Mapping[str, Sequence[str]]) -> Iterator[str]:
    return itertools.chain.from_iterable(links.values())


# --- who stands above whom ----------------------------------------------------------------------


def _edges(graph: Graph) -> Iterator[tuple[str, str]]:
    for child, parents in graph.linked("broader").items():
        yield from ((child, parent) for parent in parents)
    for parent, children in graph.linked("narrower").items():
        yield from ((child, parent) for child in children)


def _parents(concepts: _Concepts, graph: Graph, notes: list[str]) -> Above:
    above: Above = {iri: {} for iri in concepts.living}
    orphaned: dict[str, None] = {}
    unknown: dict[str, None] = {}
    own: dict[str, None] = {}
    for child, parent in _edges(graph):
        if child == parent:
            own[child] = None
        elif child in above and parent in above:
            above[child][parent] = None
        elif child in above and parent in concepts.retired:
            orphaned[child] = None
        elif child in above or (parent in above and child not in concepts.retired):
            unknown[parent if child in above else child] = None
    for child in [child for child in orphaned if above[child]]:
        del orphaned[child]
    _note_list(notes, "left out as its own parent", own, "concept")
    _note_list(notes, "at the top, because all above is retired", orphaned, "concept")
    _note_list(notes, "left out, because nothing else is told of it here", unknown, "relative")
    loose = [iri for iri in above if not above[iri] and iri not in concepts.tops]
    if concepts.tops and loose:
        _note_list(notes, "at the top, which no scheme says", loose, "concept")
    sunk = [iri for iri in concepts.tops if above[iri]]
    _note_list(notes, "at the top by the scheme, but below others", sunk, "concept")
    if not any(above.values()) and graph.linked("broaderTransitive"):
        notes.append(
            "The file has broaderTransitive alone, which is not read: no concept is below."
        )
    return above


def _note_list(notes: list[str], what: str, iris: Iterable[str], noun: str) -> None:
    found = list(iris)
    if found:
        shown = ", ".join(found[:3]) + (", ..." if len(found) > 3 else "")
        notes.append(shorten(f"{counted(len(found), noun)} {what}: {shown}."))


def _break_cycles(above: Above, concepts: _Concepts, notes: list[str]) -> None:
    """Take out the edges that lead from an ancestor back below itself, found from the top."""
    below: dict[str, list[str]] = {iri: [] for iri in above}
    for child, parents in above.items():
        for parent in parents:
            below[parent].append(child)
    roots = [iri for iri in above if not above[iri]]
    done: set[str] = set()
    removed: list[tuple[str, str]] = []
    for root in [*concepts.tops, *roots, *above]:
        if root in done:
            continue
        path: dict[str, Iterator[str]] = {root: iter(below[root])}
        while path:
            current = next(reversed(path))
            child = next(path[current], "")
            if not child:
                done.add(current)
                del path[current]
            elif child in path:
                removed.append((child, current))
            elif child not in done:
                path[child] = iter(below[child])
    for child, parent in removed:
        del above[child][parent]
    if removed:
        shown = ", ".join(f"{child} under {parent}" for child, parent in removed[:_SHOWN])
        more = f", and {len(removed) - _SHOWN:,} more" if len(removed) > _SHOWN else ""
        edges = counted(len(removed), "edge")
        notes.append(
            f"Concepts stand above each other in a circle; {edges} left out: {shown}{more}."
        )


def _add_collections(above: Above, concepts: _Concepts, graph: Graph, notes: list[str]) -> None:
    """Put each collection above its members, where no ancestor of theirs is one already."""
    members: dict[str, dict[str, None]] = {
        iri: dict.fromkeys(_members(iri, graph)) for iri in concepts.collections
    }
    used = _used_collections(members, above)
    unused = [iri for iri in members if iri not in used]
    _note_list(notes, "left out, because no concept of these stands in it", unused, "collection")
    holders: dict[str, dict[str, None]] = {}
    for collection in used:
        for member in members[collection]:
            if member in above or member in used:
                holders.setdefault(member, {})[collection] = None
    concept_parents = {iri: tuple(parents) for iri, parents in above.items()}
    inherited: dict[str, frozenset[str]] = {}
    for iri in _parents_first(concept_parents):
        from_above = frozenset().union(*(inherited[parent] for parent in concept_parents[iri]))
        own = [collection for collection in holders.get(iri, ()) if collection not in from_above]
        above[iri] |= dict.fromkeys(own)
        inherited[iri] = from_above | set(own)
    for collection in used:
        above[collection] = {
            holder: None for holder in holders.get(collection, ()) if holder != collection
        }
    concepts.collections = used
    _break_cycles(above, concepts, notes)


def _members(collection: str, graph: Graph) -> Iterator[str]:
    yield from graph.linked("member").get(collection, ())
    for start in graph.linked("memberList").get(collection, ()):
        seen: set[str] = set()
        cell = start
        while cell not in seen:
            seen.add(cell)
            yield from graph.linked("first").get(cell, ())
            cell = next(iter(graph.linked("rest").get(cell, ())), cell)


def _used_collections(
    members: Mapping[str, Mapping[str, None]], concepts: Mapping[str, object]
) -> dict[str, None]:
    """Return the collections that hold a concept, or a collection that does."""
    used = {iri for iri, held in members.items() if any(member in concepts for member in held)}
    grown = True
    while grown:
        more = {
            iri for iri, held in members.items() if iri not in used and not used.isdisjoint(held)
        }
        used |= more
        grown = bool(more)
    return {iri: None for iri in members if iri in used}


def _parents_first(parents: Mapping[str, Sequence[str]]) -> Iterator[str]:
    waiting = {iri: len(above) for iri, above in parents.items()}
    below: dict[str, list[str]] = {}
    for child, above in parents.items():
        for parent in above:
            below.setdefault(parent, []).append(child)
    ready = [iri for iri, count in waiting.items() if not count]
    for iri in ready:  # grows
        yield iri
        for child in below.get(iri, ()):
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)


# --- texts ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Texts:
    """Chooses the texts of a concept by language."""

    graph: Graph
    language: str
    """In small letters."""

    def rank(self, entry: tuple[str, str]) -> tuple[int, str, str]:
        tag, text = entry
        wanted = self.language
        if tag == wanted:
            place = 0
        elif tag.startswith(f"{wanted}-"):
            place = 1
        elif tag == "en":
            place = 2
        elif tag.startswith("en-"):
            place = 3
        else:
            place = 5 if tag else 4
        return place, tag, text

    def entries(self, iri: str, predicate: str, xl: str = "") -> list[tuple[str, str]]:
        """Return language tags and texts, also those that stand at a node of their own."""
        found = list(self.graph.told(predicate).get(iri, ()))
        for node in self.graph.linked(xl or predicate).get(iri, ()):
            found += self.graph.told("literalForm" if xl else "value").get(node, ())
        stripped = ((tag, text.strip()) for tag, text in found)
        return [entry for entry in stripped if entry[1]]

    def names(self, iri: str, predicate: str, xl: str = "") -> list[tuple[str, str]]:
        """Return the same, each text on one line."""
        return [(tag, " ".join(text.split())) for tag, text in self.entries(iri, predicate, xl)]

    def name(self, iri: str) -> tuple[str, str]:
        """Return language tag and name; both empty where there is none."""
        found = self.names(iri, "prefLabel", "xlPrefLabel") or self.names(iri, "label")
        return min(found, key=self.rank, default=("", ""))

    def joined(self, iri: str, *predicates: str) -> str:
        parts = []
        for predicate in predicates:
            found = self.entries(iri, predicate)
            if found:
                best = min(map(self.rank, found))[:2]
                parts += [text for tag, text in found if self.rank((tag, text))[:2] == best]
        return " ".join(dict.fromkeys(parts))

    def alternatives(self, iri: str, tag: str, name: str) -> tuple[str, ...]:
        found = self.names(iri, "altLabel", "xlAltLabel")
        found += [x for x in self.names(iri, "prefLabel", "xlPrefLabel") if x[0]]
        home = tag.partition("-")[0]
        fitting = (text for other, text in found if other.partition("-")[0] in ("", home))
        return tuple(text for text in dict.fromkeys(fitting) if text != name)


# --- the draft --------------------------------------------------------------------------------


def _drafted(
    above: Above,
    concepts: _Concepts,
    graph: Graph,
    options: ReadingOptions,
    source: str,
    notes: list[str],
) -> Draft:
    language = (options.language or "en").lower()
    texts = _Texts(graph, language)
    notations = {
        iri: min(told)[1].strip()
        for iri, told in graph.told("notation").items()
        if min(told)[1].strip()
    }
    replacements = find_replacements(above, concepts.retired, graph)
    codes = choose_codes(
        list(dict.fromkeys([*above, *concepts.retired, *replacements])),
        notations,
        graph.prefixes,
        options.codes,
        notes,
        living=above,
    )
    draft = Draft(source, "concept", notes=notes, complete=True)
    nameless: list[str] = []
    foreign = 0
    for number, iri in enumerate(above, start=1):
        code = codes[iri]
        for parent in above[iri]:
            draft.add(code, codes[parent], number)
        if not above[iri]:
            draft.add(code, ROOT, number)
        tag, name = texts.name(iri)
        if name:
            draft.names[code] = name
            foreign += bool(tag) and tag.partition("-")[0] != language.partition("-")[0]
        else:
            nameless.append(iri)
        draft.descriptions[code] = texts.joined(iri, "definition", "scopeNote")
        draft.alternatives[code] = texts.alternatives(iri, tag, name)
        draft.notations[code] = notations.get(iri, "")
        draft.iris[code] = iri
    _note_list(notes, "without a name, known by its code", nameless, "concept")
    if foreign:
        notes.append(
            f"{foreign:,} of {counted(len(above), 'name')} in another language than {language!r}; "
            "language= (--language) chooses one."
        )
    astray = keep_history(
        draft,
        codes,
        above,
        replacements,
        lambda iri: texts.joined(iri, "changeNote", "historyNote"),
    )
    what = "whose replacement is no label here"
    _note_list(notes, what, astray, "retired concept")
    return draft

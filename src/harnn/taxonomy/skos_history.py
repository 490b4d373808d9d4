"""What a file of SKOS says of the past: what stands for retired concepts, what came of others.

``dcterms:isReplacedBy`` of retired concepts and the inverse of ``dcterms:replaces`` are followed
to labels of the taxonomy.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence

from harnn.taxonomy.graph import Draft
from harnn.taxonomy.rdf import Graph

Above = dict[str, dict[str, None]]
"""The parents of each concept, in order."""


def find_replacements(above: Above, retired: Container[str], graph: Graph) -> dict[str, list[str]]:
    """Return what stands for concepts now, by either side's telling."""
    found = {old: list(new) for old, new in graph.linked("isReplacedBy").items() if old in retired}
    for new, replaced in graph.linked("replaces").items():
        for old in replaced if new in above else ():
            # What is a concept of another scheme, say, is told of elsewhere and stays what it is.
            here = old in above or old in retired or old not in graph.subjects
            if here and old != new and not old.startswith("_:"):
                found.setdefault(old, []).append(new)
    return found


def _living(old: str, above: Above, replacements: Mapping[str, Sequence[str]]) -> list[str]:
    """Follow replacements to labels of the taxonomy."""
    found: dict[str, None] = {}
    seen, waiting = {old}, list(replacements.get(old, ()))
    for iri in waiting:  # grows
        if iri in above and iri != old:
            found[iri] = None
        elif iri not in seen:
            seen.add(iri)
            waiting += replacements.get(iri, ())
    return list(found)


def keep_history(
    draft: Draft,
    codes: Mapping[str, str],
    above: Above,
    replacements: Mapping[str, Sequence[str]],
    told: Callable[[str], str],
) -> list[str]:
    """Keep what stands for retired concepts now, and what is told of the past of all.

    Returns the retired concepts whose replacement is no label.
    """
    astray = []
    for old, code in codes.items():
        labels = [codes[iri] for iri in _living(old, above, replacements)]
        if old not in above:
            draft.former_iris[code] = old
            if len(labels) == 1:
                draft.replaced[code] = labels[0]
            else:
                draft.successors[code] = tuple(labels)
            if old in replacements and not labels:
                astray.append(old)
        elif labels:
            draft.successors[code] = tuple(labels)
        if note := told(old):
            draft.change_notes[code] = note
    return astray

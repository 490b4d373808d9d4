"""What a concept is known by.

The code of a concept is, by ``codes``:

- ``auto``: what stands after the last ``/`` or ``#`` of its IRI (of a URN: after the last ``:``),
  percent signs decoded, if that tells all concepts of the file apart, retired ones included; else
  the compact IRI (``ex:c12``) with the prefixes of the file, if all concepts have one; else the
  IRI.
- ``notation``: its notation, if every concept has one and no two share one; else as ``auto``,
  with a note.
- ``iri``: the IRI.

One rule holds for a whole file, so that a code never depends on the other concepts by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote

from harnn.taxonomy.graph import label_problem
from harnn.taxonomy.options import Codes

_SPLIT = re.compile(r"[/#]")


def choose_codes(
    iris: Sequence[str],
    notations: Mapping[str, str],
    prefixes: Mapping[str, str],
    rule: Codes,
    notes: list[str],
    *,
    living: Iterable[str],
) -> dict[str, str]:
    """Return the code of each IRI.

    iris: of all concepts; notations: by IRI; living: the concepts that become labels.
    """
    if rule == "notation":
        wanted = list(living)
        missing = sum(iri not in notations for iri in wanted)
        codes = {iri: notations[iri] for iri in iris if iri in notations}
        shared = len(codes) - len(set(codes.values()))
        if not missing and not shared and _usable(codes.values()):
            others = {iri: iri for iri in iris if iri not in codes}
            return codes | others
        notes.append(
            f"Notations are no codes: {missing:,} of {len(wanted):,} concepts have none, "
            f"{shared:,} share theirs. Codes are taken from the IRIs."
        )
    if rule != "iri":
        local = [local_part(iri) for iri in iris]
        if len(set(local)) == len(local) and _usable(local):
            return dict(zip(iris, local, strict=True))
        compact = [_compact(iri, prefixes) for iri in iris]
        if all(compact) and len(set(compact)) == len(compact) and _usable(compact):
            return dict(zip(iris, compact, strict=True))
    return {iri: iri for iri in iris}


def local_part(iri: str) -> str:
    """Return what tells an IRI from others of its namespace."""
    cut = iri.rstrip("/#")
    parts = _SPLIT.split(cut)
    return unquote(parts[-1] if len(parts) > 1 else cut.rpartition(":")[2])


def _compact(iri: str, prefixes: Mapping[str, str]) -> str:
    """Return the IRI behind its longest prefix, or an empty string."""
    fitting = [
        (len(space), prefix)
        for prefix, space in prefixes.items()
        if space and iri.startswith(space)
    ]
    if not fitting:
        return ""
    length, prefix = max(fitting)
    return f"{prefix}:{unquote(iri[length:])}"


def _usable(codes: Iterable[str]) -> bool:
    return not any(map(label_problem, codes))

"""One way to write them all: the suffix says how."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, get_args

from harnn._display import counted, escape_json
from harnn._files import write_atomically
from harnn._places import suffix_problem
from harnn.config import TaxonomyOutput
from harnn.errors import Problem, TaxonomyError, suggest
from harnn.taxonomy.iris import BASE
from harnn.taxonomy.parts import part_of
from harnn.taxonomy.taxonomy import Taxonomy
from harnn.taxonomy.text_files import LABELS_FILE
from harnn.taxonomy.writing.drawings import dot_text, mermaid_text
from harnn.taxonomy.writing.labelling_config import labelling_config_text
from harnn.taxonomy.writing.outline import outline_text
from harnn.taxonomy.writing.page import page_text
from harnn.taxonomy.writing.skos import skos_text
from harnn.taxonomy.writing.tsv import labels_text, pairs_text

OutForm = TaxonomyOutput
SUFFIXES: dict[str, OutForm] = {
    ".tsv": "tsv",
    ".json": "json",
    ".ttl": "turtle",
    ".nt": "ntriples",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
    ".txt": "outline",
    ".md": "outline",
    ".html": "html",
    ".xml": "label-studio",
}
_DRAWN = 500
"""Edges that Mermaid draws unless it is told otherwise, and about what a person can look at."""
_BROWSED = 20_000
"""Labels that a browser shows at once without delay."""
_PARTS = {
    "descriptions": "description",
    "alternatives": "alternative name",
    "notations": "notation",
    "iris": "IRI",
}


class Written(NamedTuple):
    """What was written."""

    paths: tuple[Path, ...]
    labels: int
    notes: tuple[str, ...]
    """What the form cannot hold, and what else should be known, in sentences."""


def write_taxonomy(
    taxonomy: Taxonomy,
    path: Path | str,
    *,
    to: OutForm | None = None,
    under: str | None = None,
    depth: int | None = None,
    language: str = "",
    base: str = BASE,
    overwrite: bool = False,
) -> Written:
    """Write a taxonomy, or a part of it.

    Args:
        to: None: told by the suffix, see ``SUFFIXES``. ``tsv`` writes ``labels.tsv`` beside it.
        under: code of a label; only it and what is below it is written.
        depth: levels that are written; None: all.
        language: tag of the texts in SKOS; empty: none.
        base: what IRIs in SKOS begin with, of labels that have none.
        overwrite: whether a ``labels.tsv`` that is there is replaced.

    Raises:
        TaxonomyError: no such form or label; a ``labels.tsv`` would be replaced.
        InputError: the file cannot be written.
        MissingExtraError: SKOS without the extra ``skos``.
    """
    path = Path(path)
    form = to or form_of(path)
    check_form(form, path)
    part = part_of(taxonomy, under=under, depth=depth)
    more: tuple[str, ...] = ()
    if form == "tsv":
        check_beside(path, overwrite=overwrite)
        texts = {path: pairs_text(part), path.with_name(LABELS_FILE): labels_text(part)}
    elif form in ("turtle", "ntriples"):
        text, more = skos_text(part, form, language=language, base=base)
        texts = {path: text}
    else:
        writers: dict[str, Callable[[Taxonomy], str]] = {
            "json": lambda part: escape_json(part.to_json()),
            "mermaid": mermaid_text,
            "dot": dot_text,
            "outline": outline_text,
            "html": page_text,
            "label-studio": labelling_config_text,
        }
        texts = {path: writers[form](part)}
    with ExitStack() as stack:
        for place, text in texts.items():
            stack.enter_context(write_atomically(place)).write(text)
    left_out = len(taxonomy) - len(part)
    said = [f"{left_out:,} of {len(taxonomy):,} labels left out."] if left_out else []
    return Written(tuple(texts), len(part), (*said, *_left_out(part, form), *more))


def form_of(path: Path) -> OutForm:
    """Return the form that the suffix of a file says.

    Raises:
        TaxonomyError: it says none.
    """
    form = SUFFIXES.get(path.suffix.lower())
    if form is None:
        problem = suffix_problem(path, path.suffix, list(SUFFIXES))
        hint = problem.hint or f"Or say to= (--to): {', '.join(get_args(OutForm))}."
        raise TaxonomyError(Problem(problem.where, problem.what, hint))
    return form


def check_form(form: str, path: Path) -> None:
    """Refuse forms that are not written.

    Raises:
        TaxonomyError: it is none of ``OutForm``.
    """
    known = get_args(OutForm)
    if form not in known:
        what = f"form {form[:40]!r} is not written, expected one of {', '.join(known)}."
        raise TaxonomyError(Problem(str(path), what, suggest(form, known)))


def check_beside(path: Path, *, overwrite: bool) -> None:
    """Refuse to replace a table of labels that may be another taxonomy's.

    Raises:
        TaxonomyError: there is one, or the taxonomy would take its name.
    """
    beside = path.with_name(LABELS_FILE)
    if path.name == LABELS_FILE:
        what = "is the name of the table of labels, which is written beside the taxonomy."
        raise TaxonomyError(Problem(str(path), what, "Choose another name."))
    if beside.exists() and not overwrite:
        what = "exists already; the names of the labels would be written there."
        hint = "Choose another directory, or replace it with overwrite=True (--overwrite)."
        raise TaxonomyError(Problem(str(beside), what, hint))


def _left_out(taxonomy: Taxonomy, form: OutForm) -> Iterator[str]:
    """Say what a form does not hold of what there is."""
    held = {
        "tsv": ("descriptions", "alternatives", "notations"),
        "json": tuple(_PARTS),
        "turtle": tuple(_PARTS),
        "ntriples": tuple(_PARTS),
        "html": tuple(_PARTS),
    }.get(form, ())
    for part, noun in _PARTS.items():
        count = sum(map(bool, getattr(taxonomy, part)))
        if count and part not in held:
            yield f"Left out: the {noun}s of {counted(count, 'label')}."
    if taxonomy.change_notes and form not in ("json", "turtle", "ntriples"):
        labels = counted(len(taxonomy.change_notes), "label")
        yield f"Left out: what is told of the history of {labels}."
    if taxonomy.former and form in ("tsv", "mermaid", "dot", "outline", "label-studio"):
        codes = counted(len(taxonomy.former), "former code")
        yield f"Left out: the labels that stand for {codes}."
    if form in ("mermaid", "dot", "outline") and taxonomy.names != taxonomy.codes:
        yield "Left out: the codes."
    numbered = tuple(str(level + 1) for level in range(taxonomy.depth))
    if form != "json" and taxonomy.level_names != numbered:
        yield "Left out: the names of the levels."
    loose = int((taxonomy.levels[taxonomy.hierarchy.roots] > 1).sum())
    if loose and form not in ("json", "html"):
        yield f"{counted(loose, 'label')} below level 1 without parents: read again, at the top."
    yield from _of_form(taxonomy, form)


def _of_form(taxonomy: Taxonomy, form: OutForm) -> Iterator[str]:
    several = taxonomy.summary().labels_with_several_parents
    if form in ("outline", "label-studio") and several:
        has = "has" if several == 1 else "have"
        yield f"{counted(several, 'label')} {has} several parents; only the first is kept."
    if form == "tsv":
        barred = sum("|" in name for names in taxonomy.alternatives for name in names)
        if barred:
            names = counted(barred, "alternative name")
            yield f"Left out: {names} with '|', which separates them."
    advice = "Take a part with depth= and under= (--depth, --under)."
    if form in ("mermaid", "dot") and len(taxonomy.edges) > _DRAWN:
        what = "more than Mermaid draws unless told" if form == "mermaid" else "much for a drawing"
        yield f"{len(taxonomy.edges):,} edges are {what}. {advice}"
    if form == "html" and len(taxonomy) > _BROWSED:
        yield f"{len(taxonomy):,} labels make a page that browsers open slowly. {advice}"

"""Taxonomies as our own files and as lines of a parent and its children.

The lines, of NeuralNLP-NeuralClassifier (``data/rcv1.taxonomy`` of
https://github.com/Tencent/NeuralNLP-NeuralClassifier), are read by HiAGM too
(``helper/hierarchy_tree_statistic.py`` of https://github.com/Alibaba-NLP/HiAGM) and by what follows
it (HTCInfoMax, HPT, HiTin)::

    Root<TAB>CCAT<TAB>ECAT
    CCAT<TAB>C11<TAB>C12
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO

from harnn._display import escape_json
from harnn._tables import shown
from harnn.converters.notes import Notes
from harnn.converters.parts import Input
from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy import Taxonomy
from harnn.taxonomy.graph import ROOT, Draft, arrange
from harnn.taxonomy.text_files import content_lines, read_text
from harnn.taxonomy.writing.tsv import pairs_text

WriteTaxonomy = Callable[[Taxonomy, IO[str], Path, Notes], None]
"""Writes a taxonomy to an open file; the place is told for its suffix and for messages."""
TOP = "Root"
"""The name of the top in lines of a parent and its children."""


def read_own_taxonomy(source: Input) -> Taxonomy | None:
    """Read the taxonomy that is given, in any form that :meth:`Taxonomy.from_file` reads."""
    if source.taxonomy is None:
        return None
    taxonomy = Taxonomy.from_file(source.taxonomy)
    for note in taxonomy.notes:
        source.notes.say(note)
    return taxonomy


def write_own_taxonomy(taxonomy: Taxonomy, file: IO[str], path: Path, notes: Notes) -> None:
    """Write our JSON, or, as ``.tsv``, lines of child and parent.

    Raises:
        TaxonomyError: a label begins or ends with a blank, which TSV does not keep.
    """
    if path.suffix.lower() == ".json":
        file.write(escape_json(taxonomy.to_json()) + "\n")
        return
    blank = next((code for code in taxonomy.codes if code != code.strip()), None)
    if blank is not None:
        what = f"the label {shown(blank)} begins or ends with a blank, which TSV does not keep."
        raise TaxonomyError(Problem(str(path), what, "Write .json."))
    note_lost_names(taxonomy, notes)
    file.write(pairs_text(taxonomy))


def note_lost_names(taxonomy: Taxonomy, notes: Notes) -> None:
    """Note names and descriptions that are not written."""
    named = [c for c, name in zip(taxonomy.codes, taxonomy.names, strict=True) if c != name]
    if named:
        notes.add("names are lost in the taxonomy", named[0], unit="label", count=len(named))
    told = [c for c, text in zip(taxonomy.codes, taxonomy.descriptions, strict=True) if text]
    if told:
        notes.add("descriptions are lost in the taxonomy", told[0], unit="label", count=len(told))


def read_parent_first(source: Input) -> Taxonomy | None:
    """Read lines of a parent and its children, which begin with the top, or one of our forms.

    Raises:
        TaxonomyError: every problem of the file.
    """
    path = source.taxonomy
    if path is None or path.suffix.lower() == ".json":
        return read_own_taxonomy(source)
    lines = list(content_lines(read_text(path)))
    if not lines or lines[0][1].split("\t")[0].strip() != TOP:
        return read_own_taxonomy(source)
    draft = Draft(str(path))
    for number, line in lines:
        parent, *children = (cell.strip() for cell in line.rstrip("\r").split("\t"))
        if not children:
            draft.refuse(number, "found 1 column, expected a parent and its children.")
        for child in children:
            draft.add(child, ROOT if parent == TOP else parent, number)
    arrange(draft)  # which finds the problems, with their lines
    return Taxonomy.from_edges(zip(draft.children, draft.parents, strict=True))


def write_parent_first(taxonomy: Taxonomy, file: IO[str], path: Path, notes: Notes) -> None:
    """Write lines of a parent and all its children.

    Raises:
        TaxonomyError: a label has the name of the top.
    """
    _check_top(taxonomy, path)
    note_lost_names(taxonomy, notes)
    codes = taxonomy.codes
    file.write("\t".join([TOP, *(codes[root] for root in taxonomy.hierarchy.roots)]) + "\n")
    for column, code in enumerate(codes):
        children = [codes[child] for child in taxonomy.children(column)]
        if children:
            file.write("\t".join([code, *children]) + "\n")


def write_parent_first_tree(taxonomy: Taxonomy, file: IO[str], path: Path, notes: Notes) -> None:
    """Write lines of a parent and its children, where a child has one parent: the first.

    Raises:
        TaxonomyError: a label has the name of the top.
    """
    several = taxonomy.hierarchy.parent_counts > 1
    if several.any():
        first = taxonomy.codes[int(several.argmax())]
        what = "all parents but the first are lost in the taxonomy"
        notes.add(what, first, unit="label", count=int(several.sum()))
    tree = Taxonomy.from_edges(
        (code, taxonomy.codes[parents[0]] if len(parents) else ROOT)
        for column, code in enumerate(taxonomy.codes)
        for parents in [taxonomy.parents(column)]
    )
    note_lost_names(taxonomy, notes)
    write_parent_first(tree, file, path, Notes())


def _check_top(taxonomy: Taxonomy, path: Path) -> None:
    if TOP in taxonomy.index:
        what = f"a label is called {TOP!r}, which is the name of the top in this format."
        raise TaxonomyError(Problem(str(path), what, "Rename the label."))

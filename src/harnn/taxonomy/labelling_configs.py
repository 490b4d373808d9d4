"""Labelling configurations of Label Studio: the tag ``Taxonomy`` with ``Choice`` inside ``Choice``.

``value`` is what is shown, ``alias`` what is stored in place of it. The code of a label is what is
stored, where that tells all labels apart; else it is the path of what is stored (code ``A > B``).
Source: https://labelstud.io/tags/taxonomy and https://labelstud.io/tags/choice.

Declarations of types and entities are refused, whatever they say: a configuration needs none.
"""

from __future__ import annotations

from typing import NamedTuple, NoReturn
from xml.parsers import expat

from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy.graph import ROOT, Draft, label_problem
from harnn.taxonomy.paths import ARROW

_DEEPEST = 200
"""Elements inside each other."""


class _Choice(NamedTuple):
    line: int
    stored: str
    shown: str
    path: tuple[str, ...]
    """What is stored of those above it and of itself."""


def is_labelling_config(text: str) -> bool:
    """Tell a configuration from other XML, by its first thousands of characters."""
    return "<Taxonomy" in text[:20_000]


def draft_from_labelling_config(text: str, source: str) -> Draft:
    """Read the one tag ``Taxonomy`` of a configuration.

    Raises:
        TaxonomyError: no valid XML, nested too deeply, no such tag or several, declarations.
    """
    choices = _Reader(source).read(text)
    if not choices:
        what = "has no tag Taxonomy with a Choice in it."
        raise TaxonomyError(Problem(source, what, "Labels that stand elsewhere are not fetched."))
    draft = Draft(source)
    by_path = len({choice.stored for choice in choices}) < len(choices)
    first: dict[str, int] = {}
    for choice in choices:
        what = label_problem(choice.stored)
        if not what and by_path and ARROW in choice.stored:
            what = f"{choice.stored!r} has {ARROW!r} in it, which separates the labels of paths."
        code = ARROW.join(choice.path) if by_path else choice.stored
        if not what and first.setdefault(code, choice.line) != choice.line:
            what = f"{code!r} was already given in line {first[code]}."
        if what:
            draft.refuse(choice.line, what)
            draft.mentioned.add(code)
            continue
        above = choice.path[:-1]
        parent = (ARROW.join(above) if by_path else above[-1]) if above else ROOT
        draft.add(code, parent, choice.line)
        draft.names[code] = choice.shown
    if by_path:
        draft.notes.append("Values of Choice repeat: labels are known by their paths.")
    return draft


class _Reader:
    """Takes the choices out of a configuration."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse_declaration
        self._open: list[str] = []
        self._path: list[str] = []
        self._taxonomies = 0
        self._choices: list[_Choice] = []

    def read(self, text: str) -> list[_Choice]:
        """Return all choices inside the tag Taxonomy, parents first."""
        try:
            self._parser.Parse(text.encode("utf-8", "replace"), True)
        except expat.ExpatError as error:
            what = f"is not valid XML: {expat.ErrorString(error.code)}."
            raise TaxonomyError(Problem(f"{self._source}:{error.lineno}", what)) from None
        return self._choices

    def _refuse(self, what: str, hint: str = "") -> NoReturn:
        where = f"{self._source}:{self._parser.CurrentLineNumber}"
        raise TaxonomyError(Problem(where, what, hint))

    def _refuse_declaration(self, *_: object) -> None:
        self._refuse("declares a type of document, which a configuration needs for nothing.")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _DEEPEST:
            self._refuse(f"more than {_DEEPEST} elements stand inside each other.")
        self._open.append(tag)
        if tag == "Taxonomy":
            self._taxonomies += 1
            if self._taxonomies > 1:
                self._refuse("is a second tag Taxonomy.", "Keep the one that is to be read.")
        elif tag == "Choice" and "Taxonomy" in self._open:
            shown = " ".join(attributes.get("value", "").split())
            stored = " ".join(attributes.get("alias", "").split()) or shown
            self._path.append(stored)
            line = self._parser.CurrentLineNumber
            self._choices.append(_Choice(line, stored, shown, tuple(self._path)))

    def _end(self, tag: str) -> None:
        self._open.pop()
        if tag == "Choice" and self._path:
            self._path.pop()

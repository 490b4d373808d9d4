"""Labelling configurations of Label Studio: the tag ``Taxonomy`` with ``Choice`` inside ``Choice``.

``value`` is what is shown, ``alias`` what is stored in place of it. The code of a label is what is
stored, where that tells all labels apart; else it is the path of what is stored (code ``A > B``).
Source: https://labelstud.io/tags/taxonomy and https://labelstud.io/tags/choice.

Declarations of types and entities are refused, whatever they say: a configuration needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, NoReturn
from xml.parsers import expat

from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy.graph import ROOT, Draft, label_problem
from harnn.taxonomy.paths import ARROW

_DEEPEST = 200
"""Elements inside each other."""


class Choice(NamedTuple):
    """What can be chosen."""

    line: int
    stored: str
    shown: str
    path: tuple[str, ...]
    """What is stored of those above it and of itself."""
    shown_path: tuple[str, ...]


class Tag(NamedTuple):
    """A tag that asks for something, with all choices inside it, parents first; or one that shows
    something, without choices.
    """

    kind: str
    """``Taxonomy``, ``Choices``, ``Text`` ..."""
    line: int
    attributes: Mapping[str, str]
    choices: list[Choice]


def is_labelling_config(text: str) -> bool:
    """Tell a configuration from other XML, by its first thousands of characters."""
    return "<Taxonomy" in text[:20_000]


def read_tags(text: str, source: str) -> list[Tag]:
    """Read all tags of a configuration but ``Choice``, which belong to the tag around them.

    Raises:
        TaxonomyError: no valid XML, nested too deeply, declarations.
    """
    return _Reader(source).read(text)


def draft_from_labelling_config(text: str, source: str) -> Draft:
    """Read the one tag ``Taxonomy`` of a configuration.

    Raises:
        TaxonomyError: no valid XML, nested too deeply, no such tag or several, declarations.
    """
    tags = [tag for tag in read_tags(text, source) if tag.kind == "Taxonomy"]
    if len(tags) > 1:
        where, what = f"{source}:{tags[1].line}", "is a second tag Taxonomy."
        raise TaxonomyError(Problem(where, what, "Keep the one that is to be read."))
    choices = [choice for tag in tags for choice in tag.choices]
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
    """Takes the tags out of a configuration."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse_declaration
        self._open: list[Tag | Choice] = []
        self._tags: list[Tag] = []

    def read(self, text: str) -> list[Tag]:
        """Return all tags, in the order in which they begin."""
        try:
            self._parser.Parse(text.encode("utf-8", "replace"), True)
        except expat.ExpatError as error:
            what = f"is not valid XML: {expat.ErrorString(error.code)}."
            raise TaxonomyError(Problem(f"{self._source}:{error.lineno}", what)) from None
        return self._tags

    def _refuse(self, what: str) -> NoReturn:
        where = f"{self._source}:{self._parser.CurrentLineNumber}"
        raise TaxonomyError(Problem(where, what))

    def _refuse_declaration(self, *_: object) -> None:
        self._refuse("declares a type of document, which a configuration needs for nothing.")

    def _start(self, kind: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _DEEPEST:
            self._refuse(f"more than {_DEEPEST} elements stand inside each other.")
        line = self._parser.CurrentLineNumber
        if kind == "Choice":
            self._open.append(self._choice(line, attributes))
            return
        tag = Tag(kind, line, attributes, [])
        self._tags.append(tag)
        self._open.append(tag)

    def _choice(self, line: int, attributes: dict[str, str]) -> Choice:
        shown = " ".join(attributes.get("value", "").split())
        stored = " ".join(attributes.get("alias", "").split()) or shown
        above = self._open[-1] if self._open else None
        path, shown_path = (above.path, above.shown_path) if isinstance(above, Choice) else ((), ())
        choice = Choice(line, stored, shown, (*path, stored), (*shown_path, shown))
        for around in reversed(self._open):
            if isinstance(around, Tag):
                around.choices.append(choice)
                break
        return choice

    def _end(self, _: str) -> None:
        self._open.pop()

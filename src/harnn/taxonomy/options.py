"""How a taxonomy is read: the choices that its file leaves open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from harnn._tables import is_encoding
from harnn.config import ConceptCodes, RdfSyntax, TaxonomyForm
from harnn.errors import Problem, TaxonomyError, suggest

Form = TaxonomyForm
Codes = ConceptCodes

FORMS: tuple[Form, ...] = get_args(Form)
RDF: frozenset[Form] = frozenset(get_args(RdfSyntax))
ROLES = ("child", "parent", "name", "description", "alternatives", "path", "levels")
"""What a column of a table may be; ``levels`` are several, separated by commas."""

_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_USES: dict[str, frozenset[Form]] = {
    "language": RDF | {"vocabulary"},
    "scheme": RDF,
    "collections": RDF,
    "codes": RDF,
    "columns": frozenset({"table"}),
    "sheet": frozenset({"table"}),
}


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How a file is read as a taxonomy; the options of :meth:`harnn.Taxonomy.from_file`."""

    form: Form | None = None
    """None: told by suffix and content."""
    separator: str | None = None
    """Between the labels of a path; empty: every line is a name; None: told from the lines."""
    by_path: bool = False
    """Whether labels nested in JSON are known by their paths."""
    language: str | None = None
    """Of names and texts in SKOS, as a language tag; None: English."""
    scheme: str | None = None
    """IRI of the concept scheme to read; None: all concepts of the file."""
    collections: bool = False
    """Whether collections of SKOS are labels above their members."""
    codes: Codes = "auto"
    """What concepts of SKOS are known by."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Header names of a table by what they hold, one of ``ROLES``."""
    sheet: str | None = None
    """Of a workbook; None: the first."""
    encoding: str | None = None
    """Of the file and of its table of labels; None: told by what is in them, or UTF-8."""

    def __post_init__(self) -> None:
        problems = []
        for name, value, choices in (
            ("form", self.form, FORMS),
            ("codes", self.codes, get_args(Codes)),
        ):
            if value is not None and value not in choices:
                what = f"got {str(value)[:40]!r}, expected one of {', '.join(choices)}."
                problems.append(Problem(name, what, suggest(str(value), choices)))
        if self.language is not None and not _LANGUAGE.fullmatch(self.language):
            what = f"got {self.language[:40]!r}, expected a language tag, as 'en' or 'pt-BR'."
            problems.append(Problem("language", what))
        if self.encoding is not None and not is_encoding(self.encoding):
            what = f"got {self.encoding[:40]!r}, expected an encoding of text, as 'cp1252'."
            problems.append(Problem("encoding", what))
        for role in self.columns:
            if role not in ROLES:
                what = f"unknown kind of column {role[:40]!r}, expected one of {', '.join(ROLES)}."
                problems.append(Problem("columns", what, suggest(role, ROLES)))
        if problems:
            raise TaxonomyError(problems)

    def check_fits(self, form: Form, where: str) -> None:
        """Refuse what says nothing about a file of this form.

        Raises:
            TaxonomyError: an option is given that the form has no use for.
        """
        given = {
            "language": self.language is not None,
            "scheme": self.scheme is not None,
            "collections": self.collections,
            "codes": self.codes != "auto",
            "columns": bool(self.columns),
            "sheet": self.sheet is not None,
        }
        unused = [name for name, is_given in given.items() if is_given and form not in _USES[name]]
        if unused:
            use = "tables" if "table" in _USES[unused[0]] else "SKOS"
            verb = "says" if len(unused) == 1 else "say"
            what = f"is read as {form}; {' and '.join(unused)} {verb} how to read {use}."
            raise TaxonomyError(Problem(where, what))
        if self.by_path and form in ("pairs", "vocabulary", "label-studio", *RDF):
            what = "holds pairs of child and parent; only what is nested can be read by path."
            raise TaxonomyError(Problem(where, what))

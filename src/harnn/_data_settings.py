"""How the files of documents are read: the table ``[data]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from harnn._tables import between, is_encoding, remembers_what_is_given, shown
from harnn.errors import Problem

OnError = Literal["fail", "skip", "drop-labels"]
LabelsBy = Literal["any", "code"]
_MOST_BYTES = 2**31 - 1
_NAMED_DELIMITERS = {"tab": "\t", "\\t": "\t"}


@remembers_what_is_given
@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Where ids, texts and labels stand in the documents' files."""

    id_field: str = "id"
    """The field that names a document."""
    text_fields: tuple[str, ...] = ()
    """Named text fields, in reading order; empty: ``text``, or all fields of its object."""
    labels_field: str = "labels"
    """The field of the labels."""
    label_fields: tuple[str, ...] = ()
    """Several fields of labels, in place of ``labels_field``: a document has the labels of all."""
    level_fields: tuple[str, ...] = ()
    """Fields that hold one label a level, from the top: together they are the path of one label."""
    labels_by: LabelsBy = "any"
    """What labels may be written as: ``code`` alone, or ``any`` of code, name, alternative name and
    path ``A > B``, also where case and blanks differ, as long as only one label can be meant."""
    label_separator: str = ";"
    """Separates labels inside one cell of CSV, TSV and Parquet; empty: a cell is one label. A cell
    that is a list, ``["a", "b"]``, is read as one."""
    encoding: str = "utf-8"
    """Of the files; a byte order mark in a file says more than this."""
    delimiter: str = ""
    """Between the cells of CSV and TSV, ``tab`` for tabs; empty: told from the header of CSV."""
    sheet: str = ""
    """Of spreadsheets, by name or by number from 1; empty: the first."""
    line_limit: int = 16 << 20
    """Bytes of one line, of one row of a table and of one element of a JSON array, at most."""
    fixes: str = ""
    """A table of wrong spellings of labels and what is meant, see ``harnn validate --suggest``;
    applied before labels are checked. Not stored in models: it belongs to the files."""
    on_error: OnError = "fail"
    """About documents that cannot be used: ``fail``, ``skip`` them, or ``drop-labels``, which
    keeps documents without the labels that are not in the taxonomy."""

    def check(self) -> list[Problem]:
        """Return what is out of range."""
        problems = between("data.line_limit", self.line_limit, 1_024, _MOST_BYTES)
        if not is_encoding(self.encoding):
            expected = "expected the name of an encoding, such as utf-8, cp1252 or gb18030."
            problems.append(Problem("data.encoding", f"got {shown(self.encoding)}, {expected}"))
        if self.delimiter not in _NAMED_DELIMITERS and (
            len(self.delimiter) > 1 or self.delimiter in ('"', "\r", "\n")
        ):
            expected = "expected one character, tab, or nothing."
            problems.append(Problem("data.delimiter", f"got {shown(self.delimiter)}, {expected}"))
        for name, kinds in (("on_error", OnError), ("labels_by", LabelsBy)):
            if getattr(self, name) not in get_args(kinds):
                expected = "expected one of " + ", ".join(get_args(kinds)) + "."
                got = f"got {shown(getattr(self, name))}, {expected}"
                problems.append(Problem(f"data.{name}", got))
        if self.label_fields and self.level_fields:
            what = f"got {shown(self.level_fields)}, but data.label_fields is given too."
            problems.append(Problem("data.level_fields", what, "Leave one of them out."))
        return problems

    @property
    def label_columns(self) -> tuple[str, ...]:
        """The fields that hold labels."""
        return self.level_fields or self.label_fields or (self.labels_field,)

    @property
    def chosen_delimiter(self) -> str:
        """The character that ``delimiter`` stands for; empty where the files tell."""
        return _NAMED_DELIMITERS.get(self.delimiter, self.delimiter)
